//! Changes of a set that nobody has read.

use super::*;

#[test]
fn a_vendor_that_replaces_sets_is_never_written_blind() {
    let catalogue = titled(&["vip"]);
    for adapter in [awardee(), attention()] {
        let mut folding = Folding::blind(adapter.rules(), &catalogue);
        for change in [patch(&["vip"], &[]), patch(&[], &["vip"]), replace(&[])] {
            assert_eq!(folding.apply(&change, true), Err(Refusal::NeedsRead));
        }
    }
    let adapter = elevenlabs();
    let mut folding = Folding::blind(adapter.rules(), &catalogue);
    assert_eq!(
        folding.apply(&replace(&["vip"]), true),
        Err(Refusal::NeedsRead)
    );
}

#[test]
fn a_blind_change_reads_where_a_sibling_or_several_tags_may_be_on() {
    let catalogue = titled(&["vip", "stage=new", "stage=won"]);
    let adapter = elevenlabs();
    let blind = |change: &Change| {
        let mut folding = Folding::blind(adapter.rules(), &catalogue);
        let effect = folding.apply(change, true)?;
        Ok((texts(&effect.added), texts(&effect.removed)))
    };
    for change in [
        patch(&["stage=won"], &[]),
        patch(&["id:1"], &[]),
        patch(&["Stage=lost"], &[]),
        patch(&["vip=1"], &[]),
        patch(&["id:9"], &[]),
        patch(&[], &["stage=*"]),
        patch(&[], &["made since"]),
    ] {
        assert_eq!(blind(&change), Err(Refusal::NeedsRead), "{change:?}");
    }
    let text = |text: &str| vec![text.to_owned()];
    assert_eq!(
        blind(&patch(&["VIP"], &["STAGE=won"])),
        Ok((text("vip"), text("stage=won")))
    );
    assert_eq!(
        blind(&patch(&["new=1"], &["vip=*"])),
        Ok((text("new=1"), text("vip")))
    );
    assert_eq!(
        blind(&patch(&[], &["id:9"])),
        Ok((vec![], text("unknown 9")))
    );
}

#[test]
fn the_last_word_about_an_element_counts_when_nothing_was_read() {
    let catalogue = titled(&["vip", "hot"]);
    let adapter = elevenlabs();
    let mut folding = Folding::blind(adapter.rules(), &catalogue);
    folding.apply(&patch(&["vip", "hot"], &[]), false).unwrap();
    let effect = folding.apply(&patch(&[], &["vip"]), false).unwrap();
    assert_eq!(
        texts(&effect.removed),
        ["vip"],
        "what was asked, as nothing is known"
    );
    let State::Blind(asked) = folding.state() else {
        panic!("nothing was read")
    };
    let asked: Vec<_> = asked
        .iter()
        .map(|(element, on)| (element.id().unwrap(), *on))
        .collect();
    assert_eq!(asked, [("1", true), ("0", false)]);
}

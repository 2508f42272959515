//! Tags that are made for a change.

use super::*;
use crate::{Attributes, Edit};

#[test]
fn a_new_name_keeps_to_the_limits() {
    let catalogue = Catalogue::default();
    // Of ids the text form is one title; a label's name and its option are two texts.
    for (adapter, longest, longest_value) in [
        (elevenlabs(), 120, 118),
        (awardee(), 100, 98),
        (attention(), 128, 100),
    ] {
        let name = adapter.vendor().name;
        let make = |text: &str| {
            let mut folding = Folding::known(adapter.rules(), &catalogue, Carried::default());
            let effect = folding.apply(&patch(&[text], &[]), true);
            effect.map(|effect| texts(&effect.added))
        };
        let long = "é".repeat(longest);
        assert_eq!(
            make(&format!("  {long}\t")),
            Ok(vec![long.clone()]),
            "{name}"
        );
        for bad in [
            &format!("{long}x"),
            "",
            "  ",
            "a\u{7}b",
            "a\u{202e}b",
            "\u{200b}",
            "a=",
            "a=\u{2066}x",
        ] {
            let made = make(bad);
            assert!(
                matches!(made, Err(Refusal::Invalid(_))),
                "{name}: {bad:?}: {made:?}"
            );
        }
        let valued = format!("a={}", "é".repeat(longest_value));
        assert_eq!(make(&valued), Ok(vec![valued.clone()]), "{name}");
        assert!(make(&format!("{valued}x")).is_err(), "{name}");
    }
}

#[test]
fn one_name_is_made_once_and_a_refused_change_makes_none() {
    for adapter in [elevenlabs(), awardee(), attention()] {
        let catalogue = Catalogue::default();
        let mut folding = Folding::known(adapter.rules(), &catalogue, Carried::default());
        folding
            .apply(&patch(&["Refund", "refund "], &[]), true)
            .unwrap();
        assert_eq!(folding.creations().len(), 1);
        assert!(folding.apply(&patch(&["other", ""], &[]), true).is_err());
        assert!(
            folding
                .apply(&patch(&["refund", "other"], &["other"]), true)
                .is_err()
        );
        assert_eq!(
            folding.creations().len(),
            1,
            "nothing is left of what was refused"
        );
        let again = folding.apply(&patch(&["REFUND"], &[]), false).unwrap();
        assert_eq!(again, Effect::default(), "true already");
        let gone = folding.apply(&patch(&[], &["refund"]), false).unwrap();
        assert_eq!(texts(&gone.removed), ["Refund"]);
        let back = folding.apply(&patch(&["refund"], &[]), false).unwrap();
        assert_eq!(texts(&back.added), ["Refund"]);
        assert_eq!(folding.creations().len(), 1);
    }
}

#[test]
fn an_option_is_named_as_its_label_is_spelled() {
    let catalogue = labelled(&[("Stage", &["won"]), ("flag", &["true", "no"])]);
    let adapter = attention();
    let mut folding = Folding::known(adapter.rules(), &catalogue, Carried::default());
    let effect = folding
        .apply(&patch(&["stage=lost", "FLAG=maybe"], &[]), true)
        .unwrap();
    assert_eq!(texts(&effect.added), ["Stage=lost", "flag=maybe"]);
    let spelled: Vec<_> = folding
        .creations()
        .iter()
        .map(|made| made.tag.encode())
        .collect();
    assert_eq!(spelled, ["Stage=lost", "flag=maybe"]);
}

#[test]
fn two_values_made_in_one_folding_are_one_label() {
    let (adapter, catalogue) = (attention(), Catalogue::default());
    let mut folding = Folding::known(adapter.rules(), &catalogue, Carried::default());
    folding.apply(&patch(&["Stage=new"], &[]), true).unwrap();
    let effect = folding.apply(&patch(&["stage=won"], &[]), true).unwrap();
    assert_eq!(
        texts(&effect.added),
        ["Stage=won"],
        "in the spelling of the label to be made"
    );
    assert_eq!(texts(&effect.removed), ["Stage=new"]);
    let bare = folding.apply(&patch(&["stage"], &[]), true);
    assert!(
        matches!(bare, Err(Refusal::Unsupported(Place::Add(0), _))),
        "{bare:?}"
    );
    let [first, second] = folding.creations() else {
        panic!("{:?}", folding.creations())
    };
    let attributes = Attributes::default();
    let edit = |new| Edit::Create {
        new,
        attributes: &attributes,
    };
    let label = adapter.edit(edit(first), None).unwrap().unwrap();
    assert_eq!(label.operation, "create_label");
    let made = listed("Stage=new", None, Some("uuid".to_owned()));
    let read = adapter
        .before_edit(edit(second), &Catalogue::new([made]))
        .unwrap()
        .unwrap();
    assert_eq!(
        read.path.as_str(),
        "/labels/uuid",
        "the second is an option of the first one's label"
    );
}

//! Why a change is refused.

use super::*;

#[test]
fn an_add_of_equal_titles_is_ambiguous_unless_one_is_carried() {
    let catalogue = titled(&["vip", "VIP"]);
    let adapter = elevenlabs();
    let change = patch(&[" vip "], &[]);
    let candidates = catalogue.tags().to_vec();
    let refused = Err(Refusal::Ambiguous(Place::Add(0), candidates));
    assert_eq!(
        one(&*adapter, &catalogue, Carried::default(), &change),
        refused
    );
    assert_eq!(
        one(&*adapter, &catalogue, carrying(&catalogue, &[1]), &change),
        is(&["VIP"], &[], &[])
    );
    let unread = Folding::blind(adapter.rules(), &catalogue).apply(&change, true);
    assert_eq!(unread, Err(Refusal::NeedsRead), "one may be carried");
}

#[test]
fn a_change_that_contradicts_itself_is_invalid() {
    let catalogue = titled(&["stage=new", "stage=won", "vip"]);
    let adapter = awardee();
    for (change, place) in [
        (
            patch(&["stage=new", "vip", "stage=won"], &[]),
            Place::Add(2),
        ),
        (patch(&["vip"], &["stage=*", "VIP"]), Place::Remove(1)),
        (patch(&["vip"], &["id:2"]), Place::Remove(0)),
        (patch(&["stage=won"], &["stage=*"]), Place::Remove(0)),
    ] {
        for carried in [&[][..], &[0, 2]] {
            match one(
                &*adapter,
                &catalogue,
                carrying(&catalogue, carried),
                &change,
            ) {
                Err(Refusal::Invalid(at)) => assert_eq!(at[0].0, place, "{change:?}"),
                other => panic!("{change:?}: {other:?}"),
            }
        }
    }
    let fine = one(
        &*adapter,
        &catalogue,
        Carried::default(),
        &patch(&["vip", "VIP"], &["stage=won"]),
    );
    assert_eq!(
        fine,
        is(&["vip"], &["vip"], &[]),
        "one tag twice is one tag"
    );
}

#[test]
fn every_unknown_tag_of_a_change_is_named() {
    let catalogue = titled(&["vip"]);
    let unknown = |at, text: &str| (Place::Add(at), TagRef::Tag(Tag::decode(text)));
    assert_eq!(
        one(
            &*awardee(),
            &catalogue,
            Carried::default(),
            &patch(&["x", "vip", "y=1"], &[])
        ),
        Err(Refusal::Unknown(vec![unknown(0, "x"), unknown(2, "y=1")])),
    );
}

#[test]
fn a_value_that_is_no_tag_stays_and_bars_its_name() {
    let catalogue = labelled(&[("Score", &["high"]), ("vip", &[])]);
    let adapter = attention();
    let change = |change| {
        one(
            &*adapter,
            &catalogue,
            Carried(vec![foreign("score"), foreign("other")]),
            &change,
        )
    };
    let barred = |place| Err(Refusal::Foreign(place, "Score".to_owned()));
    assert_eq!(change(patch(&["score=high"], &[])), barred(Place::Add(0)));
    assert_eq!(
        change(patch(&["vip", "score=high"], &[])),
        barred(Place::Add(1))
    );
    assert_eq!(change(replace(&["score=high"])), barred(Place::Wanted(0)));
    let all = ["foreign score", "foreign other", "vip"];
    assert_eq!(change(replace(&["vip"])), is(&all, &["vip"], &[]));
    assert_eq!(change(replace(&[])), is(&all[..2], &[], &[]));
    assert_eq!(
        change(patch(&[], &["score=*", "other"])),
        is(&all[..2], &[], &[])
    );
}

#[test]
fn the_flag_value_is_not_asked_for() {
    let catalogue = labelled(&[("vip", &[]), ("stage", &["true", "won"])]);
    let adapter = attention();
    for (change, place) in [
        (patch(&["vip=true"], &[]), Place::Add(0)),
        (patch(&["stage=true"], &[]), Place::Add(0)),
        (patch(&["new= true"], &[]), Place::Add(0)),
        (
            patch(&["vip"], &["stage=won", "vip=true"]),
            Place::Remove(1),
        ),
        (replace(&["stage=won", "vip=true"]), Place::Wanted(1)),
    ] {
        let mut folding = Folding::known(adapter.rules(), &catalogue, Carried::default());
        match folding.apply(&change, true) {
            Err(Refusal::Unsupported(at, _)) => assert_eq!(at, place, "{change:?}"),
            other => panic!("{change:?}: {other:?}"),
        }
    }
    let added = one(
        &*adapter,
        &catalogue,
        Carried::default(),
        &patch(&["vip", "stage"], &[]),
    );
    assert_eq!(
        added,
        is(&["vip", "stage"], &["vip", "stage"], &[]),
        "an option of that value is the bare tag"
    );
    let elsewhere = one(
        &*awardee(),
        &titled(&["vip=true"]),
        Carried::default(),
        &patch(&["vip=true"], &[]),
    );
    assert_eq!(
        elsewhere,
        is(&["vip=true"], &["vip=true"], &[]),
        "ids have no such value"
    );
}

#[test]
fn a_label_has_options_or_is_bare() {
    let catalogue = labelled(&[("Stage", &["won"]), ("VIP", &[])]);
    let adapter = attention();
    for text in ["stage", "vip=1"] {
        let unknown = one(
            &*adapter,
            &catalogue,
            Carried::default(),
            &patch(&[text], &[]),
        );
        assert!(
            matches!(unknown, Err(Refusal::Unknown(_))),
            "{text}: {unknown:?}"
        );
        let mut folding = Folding::known(adapter.rules(), &catalogue, Carried::default());
        let made = folding.apply(&patch(&[text], &[]), true);
        assert!(
            matches!(made, Err(Refusal::Unsupported(Place::Add(0), _))),
            "{text}: {made:?}"
        );
        assert!(folding.creations().is_empty());
    }
}

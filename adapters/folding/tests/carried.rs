//! What a change does to what is carried.

use super::*;

#[test]
fn an_add_pushes_out_every_other_tag_of_its_name() {
    let catalogue = titled(&["stage=new", "stage=won", "stage", "vip"]);
    let carried = carrying(&catalogue, &[0, 2, 3]);
    assert_eq!(
        one(
            &*awardee(),
            &catalogue,
            carried,
            &patch(&["Stage=WON"], &[])
        ),
        is(
            &["vip", "stage=won"],
            &["stage=won"],
            &["stage=new", "stage"]
        ),
    );
}

#[test]
fn a_remove_takes_all_of_one_identity_and_nothing_else() {
    let catalogue = titled(&["vip", "VIP", "vip=1"]);
    let (adapter, all) = (elevenlabs(), carrying(&catalogue, &[0, 1, 2]));
    let remove = |texts: &[&str]| one(&*adapter, &catalogue, all.clone(), &patch(&[], texts));
    assert_eq!(remove(&["viP"]), is(&["vip=1"], &[], &["vip", "VIP"]));
    assert_eq!(remove(&["id:1"]), is(&["vip", "vip=1"], &[], &["VIP"]));
    assert_eq!(remove(&["Vip=*"]), is(&[], &[], &["vip", "VIP", "vip=1"]));
    let absent = remove(&["vip=2", "gone", "id:gone", "gone=*"]);
    assert_eq!(
        absent,
        is(&["vip", "VIP", "vip=1"], &[], &[]),
        "absent already is fine"
    );
}

#[test]
fn an_add_by_id_means_that_very_tag() {
    let catalogue = titled(&["vip", "VIP", "vip=1"]);
    let adapter = elevenlabs();
    let add = |carried, id| one(&*adapter, &catalogue, carried, &patch(&[id], &[]));
    assert_eq!(
        add(carrying(&catalogue, &[0, 2]), "id:1"),
        is(&["VIP"], &["VIP"], &["vip", "vip=1"])
    );
    assert_eq!(
        add(carrying(&catalogue, &[1]), "id:1"),
        is(&["VIP"], &[], &[])
    );
    assert_eq!(
        add(Carried::default(), "id:9"),
        Err(Refusal::Unknown(vec![(
            Place::Add(0),
            TagRef::Id("9".to_owned())
        )])),
    );
    assert_eq!(
        add(Carried(vec![unknown("9")]), "id:9"),
        is(&["unknown 9"], &[], &[])
    );
}

#[test]
fn unknown_ids_stay_in_a_patch_and_go_in_a_replace() {
    let catalogue = titled(&["vip"]);
    let adapter = elevenlabs();
    let change = |change| {
        one(
            &*adapter,
            &catalogue,
            Carried(vec![unknown("9"), unknown("8")]),
            &change,
        )
    };
    assert_eq!(
        change(patch(&["vip"], &["id:8"])),
        is(&["unknown 9", "vip"], &["vip"], &["unknown 8"])
    );
    assert_eq!(
        change(replace(&["vip"])),
        is(&["vip"], &["vip"], &["unknown 9", "unknown 8"])
    );
    assert_eq!(
        change(replace(&["id:9"])),
        is(&["unknown 9"], &[], &["unknown 8"])
    );
    assert_eq!(
        change(replace(&[])),
        is(&[], &[], &["unknown 9", "unknown 8"])
    );
}

#[test]
fn a_replace_names_two_values_of_one_name_only_if_both_are_carried() {
    let catalogue = titled(&["stage=new", "stage=won", "vip"]);
    let adapter = awardee();
    let change = replace(&["stage=new", "stage=won"]);
    assert_eq!(
        one(
            &*adapter,
            &catalogue,
            carrying(&catalogue, &[0, 1, 2]),
            &change
        ),
        is(&["stage=new", "stage=won"], &[], &["vip"]),
    );
    for carried in [&[][..], &[0], &[1]] {
        match one(
            &*adapter,
            &catalogue,
            carrying(&catalogue, carried),
            &change,
        ) {
            Err(Refusal::Invalid(at)) => assert_eq!(at[0].0, Place::Wanted(1), "{carried:?}"),
            other => panic!("{carried:?}: {other:?}"),
        }
    }
}

#[test]
fn a_label_is_addressed_by_its_id_only_where_it_is_the_tag() {
    let catalogue = labelled(&[("vip", &[]), ("stage", &["won"])]);
    let adapter = attention();
    let both = || carrying(&catalogue, &[0, 1]);
    let change = patch(&["id:label vip"], &["id:label stage"]);
    assert_eq!(
        one(&*adapter, &catalogue, both(), &change),
        is(&["vip", "stage=won"], &[], &[])
    );
    let change = patch(&[], &["id:label vip"]);
    assert_eq!(
        one(&*adapter, &catalogue, both(), &change),
        is(&["stage=won"], &[], &["vip"])
    );
    let unknown = one(
        &*adapter,
        &catalogue,
        Carried::default(),
        &patch(&["id:label stage"], &[]),
    );
    assert!(matches!(unknown, Err(Refusal::Unknown(_))), "{unknown:?}");
}

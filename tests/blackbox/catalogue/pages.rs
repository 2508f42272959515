//! The list of the catalogue: its search, its pages, and that they hold while others edit.

use super::{Bench, catalogue_path, ids, made_outside, outside, path, seeded};
use crate::{
    errors::told,
    support::{Faulty, Seen, VENDORS, texts},
};
use serde_json::{Value, json};
use std::{
    collections::BTreeSet,
    sync::{
        Arc, OnceLock,
        atomic::{AtomicBool, Ordering},
    },
};
use tagway::{error::Code, mock::Served};

/// More than two pages of every vendor.
const MANY: usize = 250;

fn many() -> Vec<String> {
    (0..MANY).map(|number| format!("t{number:03}")).collect()
}

async fn full(vendor: &'static str) -> Bench {
    let names = many();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    Bench::new(vendor, &names, &[], "").await
}

/// Walks the pages; `between` is done after each.
async fn walk(bench: &Bench, limit: usize, mut between: impl AsyncFnMut(usize)) -> Vec<String> {
    let mut all = Vec::new();
    let mut cursor = None;
    for page in 0.. {
        let next = cursor.map_or_else(String::new, |cursor| format!("&cursor={cursor}"));
        let target = format!("{}?limit={limit}{next}", bench.tags());
        let answer = bench.get(&target).await.is(200).json();
        let shown = texts(&answer["tags"]);
        assert!(shown.len() <= limit, "{}", shown.len());
        all.extend(shown);
        match answer["next_cursor"].as_str() {
            Some(next) => cursor = Some(next.to_owned()),
            None => break,
        }
        assert!(page < MANY, "the pages do not end");
        between(page).await;
    }
    all
}

#[tokio::test]
async fn a_large_catalogue_is_listed_whole_whatever_the_size_of_a_page() {
    for vendor in VENDORS {
        let bench = full(vendor).await;
        for limit in [1000, 250, 249, 125, 60] {
            let all = walk(&bench, limit, async |_| {}).await;
            assert_eq!(all, many(), "{vendor}, {limit} a page");
        }
        let first = bench.get(&bench.tags()).await.is(200).json();
        assert_eq!(texts(&first["tags"]), many()[..100], "{vendor}");
        // One reading of the vendor's pages is enough for all of them.
        let calls = bench.served.calls().len();
        assert_eq!(calls, if vendor == "attention" { 1 } else { 3 }, "{vendor}");
    }
}

#[tokio::test]
async fn tags_that_stay_are_listed_once_while_others_come_and_go() {
    for vendor in VENDORS {
        let bench = full(vendor).await;
        let all = walk(&bench, 50, async |page| match page {
            0 => {
                // Before and behind the place where the next page begins, which goes itself.
                bench.create(&json!({"tag": "a first"})).await.is(201);
                bench.create(&json!({"tag": "t060 and more"})).await.is(201);
                for gone in ["t010", "t049", "t070", "t200"] {
                    bench.delete(gone).await.is(204);
                }
            }
            1 => {
                bench.create(&json!({"tag": "t000 again"})).await.is(201);
                bench.create(&json!({"tag": "z last"})).await.is(201);
            }
            _ => {}
        })
        .await;
        let mut expected = many();
        expected.retain(|text| text != "t070" && text != "t200");
        expected.extend(["t060 and more".to_owned(), "z last".to_owned()]);
        expected.sort();
        assert_eq!(all, expected, "{vendor}");
    }
}

#[tokio::test]
async fn a_page_goes_on_at_another_gateway() {
    for vendor in VENDORS {
        let bench = full(vendor).await;
        let first = bench.get(&format!("{}?limit=120", bench.tags())).await;
        let first = first.is(200).json();
        let cursor = first["next_cursor"].as_str().unwrap();
        let other = bench.again().await;
        let target = format!("{}?limit=1000&cursor={cursor}", other.tags());
        let second = other.get(&target).await.is(200).json();
        assert_eq!(texts(&second["tags"]), many()[120..], "{vendor}");
        assert_eq!(second["next_cursor"], Value::Null, "{vendor}");
    }
}

/// A gateway that reads a catalogue of which `meddle` happens between the vendor's first page and its second.
async fn meddled(
    vendor: &'static str,
    meddle: impl Fn(&'static str, &Served) + Send + Sync + 'static,
) -> Bench {
    let names = many();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let served: Arc<OnceLock<Arc<Served>>> = Arc::default();
    let (theirs, done) = (served.clone(), AtomicBool::new(false));
    let faulty = Faulty::new(vendor, seeded(vendor, &names, &[]), move |seen: &Seen| {
        let second = seen.path.contains("cursor=") || seen.path.contains("page=2");
        if second && !done.swap(true, Ordering::Relaxed) {
            meddle(vendor, theirs.get().unwrap());
        }
        None
    })
    .await;
    assert!(served.set(faulty.served.clone()).is_ok());
    Bench::behind(vendor, &faulty, "").await
}

#[tokio::test]
async fn a_tag_made_between_two_pages_of_the_vendor_shows_none_twice() {
    for vendor in ["elevenlabs", "awardee"] {
        let bench = meddled(vendor, |vendor, served| made_outside(vendor, served, "new")).await;
        let mut all = bench.texts().await;
        all.retain(|text| text != "new");
        assert_eq!(all, many(), "{vendor}");
    }
}

#[tokio::test]
async fn a_tag_deleted_between_two_pages_of_the_vendor_hides_none() {
    for vendor in ["elevenlabs", "awardee"] {
        let bench = meddled(vendor, |vendor, served| {
            // Of each end, as a vendor may list the newest first or the oldest.
            let known = ids(vendor, served);
            let (id, name) = &known[3];
            assert!(name.starts_with('t'));
            let one = format!("{}/{id}", catalogue_path(vendor));
            outside(served, "DELETE", &one, &Value::Null);
        })
        .await;
        let all: BTreeSet<String> = bench.texts().await.into_iter().collect();
        let there = bench.again().await.texts().await;
        assert_eq!(there.len(), MANY - 1, "{vendor}");
        let hidden: Vec<&String> = there.iter().filter(|text| !all.contains(*text)).collect();
        assert!(hidden.is_empty(), "{vendor}: {hidden:?}");
    }
}

#[tokio::test]
async fn a_search_finds_a_folded_part_of_the_text_form() {
    for vendor in VENDORS {
        let bare = ["Billing", "vip", "Zürich", "a\\b", "100%"];
        let valued: [(&str, &[&str]); 1] = [("Deal Stage", &["won", "Lost"])];
        let bench = Bench::new(vendor, &bare, &valued, "").await;
        for (q, expected) in [
            ("ILL", &["Billing"][..]),
            ("z%C3%9CR", &["Zürich"]),
            // The same letter in two characters.
            ("zU%CC%88r", &["Zürich"]),
            ("stage%3D", &["Deal Stage=Lost", "Deal Stage=won"]),
            ("e%3DWO", &["Deal Stage=won"]),
            ("%5C", &["a\\b"]),
            ("100%25", &["100%"]),
            ("deal+stage", &["Deal Stage=Lost", "Deal Stage=won"]),
            ("nothing", &[]),
        ] {
            let found = bench.get(&format!("{}?q={q}", bench.tags())).await;
            let found = texts(&found.is(200).json()["tags"]);
            assert_eq!(found, expected, "{vendor}: {q}");
        }
        let target = format!("{}?q=deal&limit=1", bench.tags());
        let page = bench.get(&target).await.is(200).json();
        assert_eq!(texts(&page["tags"]), ["Deal Stage=Lost"], "{vendor}");
        let cursor = page["next_cursor"].as_str().unwrap();
        let page = bench.get(&format!("{target}&cursor={cursor}")).await;
        let page = page.is(200).json();
        assert_eq!(texts(&page["tags"]), ["Deal Stage=won"], "{vendor}");
        assert_eq!(page["next_cursor"], Value::Null, "{vendor}");
    }
}

#[tokio::test]
async fn a_bad_page_is_refused_before_anything_is_asked() {
    for vendor in VENDORS {
        let bench = Bench::new(vendor, &["vip"], &[], "").await;
        for (query, parameter) in [
            ("limit=0", "limit"),
            ("limit=1001", "limit"),
            ("limit=-1", "limit"),
            ("limit=ten", "limit"),
            ("limit=5&limit=5", "limit"),
            ("limit=", "limit"),
            ("cursor=x", "cursor"),
            ("cursor=", "cursor"),
            ("cursor=e30", "cursor"),
            ("cursor=WzEsMl0", "cursor"),
            ("cursor=%00", "cursor"),
            ("cursor=W10&limit=5", "cursor"),
            ("page=2", "page"),
        ] {
            let answer = bench.get(&format!("{}?{query}", bench.tags())).await;
            let problem = told(&answer, Code::InvalidQuery);
            let pointer = problem["errors"][0]["pointer"].as_str().unwrap();
            assert!(pointer.contains(parameter), "{query}: {pointer}");
        }
        assert!(bench.served.calls().is_empty(), "{vendor}");
        assert_eq!(bench.texts().await, ["vip"], "{vendor}");
        assert!(
            bench
                .served
                .calls()
                .iter()
                .all(|call| path(call) == catalogue_path(vendor))
        );
    }
}

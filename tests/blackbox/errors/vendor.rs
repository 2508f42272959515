//! Vendors that refuse, fail, fall silent or talk nonsense, before anything of a change was sent.

use super::{cases, told};
use crate::support::{
    Answer, Fault, Faulty, Gateway, VENDORS, conversation, open, refusing, route, tags_of,
};
use serde_json::{Value, json};
use tagway::{error::Code, mock::Options};

/// One attempt of a short time, so that nothing is waited for.
const ONCE: &str = "attempts = 1\nattempt_timeout_ms = 200";

fn target(vendor: &str) -> String {
    tags_of(vendor, &conversation(1))
}

async fn on(vendor: &str, faulty: &Faulty) -> Gateway {
    open("", &route(vendor, &faulty.address.to_string(), ONCE)).await
}

/// A read and a change on a vendor with which everything goes wrong in the same way; both end alike.
async fn both(vendor: &str, fault: Fault, code: Code) -> (Answer, Answer) {
    let faulty = Faulty::always(vendor, fault).await;
    let gateway = on(vendor, &faulty).await;
    let read = gateway.get(&target(vendor)).await;
    told(&read, code);
    // Another one: a vendor that refused the key is left alone for a while.
    let gateway = on(vendor, &faulty).await;
    let change = gateway
        .ask("PUT", &format!("{}/vip", target(vendor)))
        .send()
        .await;
    let problem = told(&change, code);
    assert_eq!(problem["outcome"], "not applied", "{vendor}");
    assert!(
        faulty.seen().iter().all(|seen| seen.method == "GET"),
        "{vendor}"
    );
    (read, change)
}

fn said(status: u16, headers: &'static [(&'static str, &'static str)], body: &Value) -> Fault {
    Fault::Answer(status, headers, body.to_string())
}

cases! {
    a_vendor_that_refuses_our_key_is_not_quoted => VendorUnauthorized {
        let mut last = None;
        for vendor in VENDORS {
            for status in [401, 403] {
                let words = "the key vendor-secret of Bob is not good";
                let body = json!({
                    "detail": {"status": "bad_key", "message": words}, "error": "bad_key", "message": words, "title": words,
                });
                let (read, change) = both(vendor, said(status, &[], &body), Code::VendorUnauthorized).await;
                for answer in [read, change] {
                    let problem = answer.json();
                    assert_eq!(problem["vendor"]["status"], status, "{vendor}");
                    assert_eq!(problem["vendor"]["message"], Value::Null, "{vendor}");
                    assert!(!problem.to_string().contains("Bob"), "{vendor}");
                    assert_eq!(answer.header("www-authenticate"), None, "{vendor}");
                    last = Some(answer);
                }
            }
        }
        last.unwrap()
    }

    a_vendor_that_limits_us_is_waited_for_as_it_says => VendorRateLimited {
        let mut last = None;
        for vendor in VENDORS {
            let body = json!({"message": "slow down"});
            let headers: &[(&str, &str)] = &[("retry-after", "70")];
            let (read, change) = both(vendor, said(429, headers, &body), Code::VendorRateLimited).await;
            assert_eq!(read.header("retry-after"), Some("70"), "{vendor}");
            assert_eq!(change.header("retry-after"), Some("70"), "{vendor}");
            let (read, _) = both(vendor, said(429, &[], &body), Code::VendorRateLimited).await;
            assert_eq!(read.header("retry-after"), Some("1"), "{vendor}");
            last = Some(read);
        }
        last.unwrap()
    }

    a_vendor_that_fails_is_not_available => VendorUnavailable {
        let mut last = None;
        for vendor in VENDORS {
            for status in [500, 502, 503] {
                let fault = said(status, &[("retry-after", "9")], &json!({"message": "oh"}));
                let (read, _) = both(vendor, fault, Code::VendorUnavailable).await;
                assert_eq!(read.json()["vendor"]["status"], status, "{vendor}");
                last = Some(read);
            }
        }
        last.unwrap()
    }

    a_vendor_that_hangs_up_is_not_available => VendorUnavailable {
        both("awardee", Fault::Close, Code::VendorUnavailable).await.1
    }

    a_vendor_that_refuses_connections_is_not_available => VendorUnavailable {
        let (_kept, address) = refusing();
        let gateway = open("", &route("attention", &address.to_string(), ONCE)).await;
        let change = gateway.ask("PUT", &format!("{}/vip", target("attention"))).send().await;
        assert_eq!(change.json()["outcome"], "not applied");
        told(&change, Code::VendorUnavailable);
        gateway.get(&target("attention")).await
    }

    a_vendor_that_says_nothing_times_out => VendorTimeout {
        both("elevenlabs", Fault::Silence, Code::VendorTimeout).await.1
    }

    a_page_in_place_of_an_answer_is_not_believed => VendorInvalidResponse {
        let mut last = None;
        for vendor in VENDORS {
            let page = Fault::Answer(200, &[("content-type", "text/html")], "<html>Sign in</html>".to_owned());
            last = Some(both(vendor, page, Code::VendorInvalidResponse).await.1);
        }
        last.unwrap()
    }

    an_answer_that_is_cut_is_not_believed => VendorInvalidResponse {
        let cut = "HTTP/1.1 200 OK\r\ncontent-type: application/json\r\ncontent-length: 500\r\n\r\n{\"data\":[";
        both("awardee", Fault::Bytes(cut.to_owned()), Code::VendorInvalidResponse).await.1
    }

    an_answer_that_lacks_what_is_needed_is_not_believed => VendorInvalidResponse {
        let mut last = None;
        for vendor in VENDORS {
            last = Some(both(vendor, said(200, &[], &json!({"ok": true})), Code::VendorInvalidResponse).await.1);
        }
        last.unwrap()
    }

    an_answer_about_another_conversation_is_not_believed => VendorInvalidResponse {
        let other = json!({"conversation_id": conversation(2), "tag_ids": []});
        let faulty = Faulty::always("elevenlabs", said(200, &[], &other)).await;
        on("elevenlabs", &faulty).await.get(&target("elevenlabs")).await
    }

    an_answer_with_a_name_twice_feeds_no_write => VendorInvalidResponse {
        let faulty = Faulty::new("attention", Options { tags: vec![json!("vip")], ..Options::default() }, |_| None).await;
        let content = r#"{"a":"true","a":"false"}"#;
        assert!(faulty.served.twin(|twin| twin.set_content(&conversation(1), content)));
        let gateway = on("attention", &faulty).await;
        let answer = gateway.ask("PUT", &format!("{}/vip", target("attention"))).send().await;
        assert_eq!(faulty.count("PUT"), 0);
        answer
    }

    a_redirect_is_never_followed => VendorInvalidResponse {
        let mut last = None;
        for vendor in VENDORS {
            let elsewhere = Faulty::always(vendor, Fault::Close).await;
            let there = Box::leak(format!("http://{}/", elsewhere.address).into_boxed_str());
            let headers = Box::leak(Box::new([("location", &*there)]));
            for status in [301, 307] {
                last = Some(both(vendor, said(status, headers, &json!({})), Code::VendorInvalidResponse).await.1);
            }
            assert!(elsewhere.seen().is_empty(), "{vendor}");
        }
        last.unwrap()
    }

    a_vendors_id_that_may_not_stand_in_a_url_is_never_sent => VendorInvalidResponse {
        let tags = vec![json!({"title": "vip", "tag_id": "../../../admin"})];
        let faulty = Faulty::new("elevenlabs", Options { tags, ..Options::default() }, |_| None).await;
        let gateway = on("elevenlabs", &faulty).await;
        let answer = gateway.ask("DELETE", &format!("{}/vip", target("elevenlabs"))).send().await;
        assert!(faulty.seen().iter().all(|seen| seen.method == "GET"));
        answer
    }

    a_vendor_that_refuses_a_valid_change_is_quoted_in_short => VendorRejected {
        let faulty = Faulty::new("elevenlabs", Options { tags: vec![json!("vip")], ..Options::default() }, |seen| {
            let long = format!("no\u{7} {}", "x".repeat(300));
            let body = json!({"detail": {"status": "locked", "message": long, "request_id": "abc"}});
            (seen.method == "POST").then(|| said(422, &[], &body))
        }).await;
        let gateway = on("elevenlabs", &faulty).await;
        let answer = gateway.ask("PUT", &format!("{}/vip", target("elevenlabs"))).send().await;
        let problem = answer.json();
        assert_eq!(problem["outcome"], "not applied");
        assert_eq!(problem["vendor"]["name"], "elevenlabs");
        assert_eq!(problem["vendor"]["status"], 422);
        assert_eq!(problem["vendor"]["code"], "locked");
        assert_eq!(problem["vendor"]["request_id"], "abc");
        let message = problem["vendor"]["message"].as_str().unwrap();
        assert!(message.starts_with("no x") && message.chars().count() == 200, "{message}");
        assert_eq!(faulty.count("POST"), 1);
        answer
    }

    a_call_that_the_vendors_document_does_not_allow_is_not_sent => Internal {
        let list = json!({"data": [{"id": "no-uuid", "name": "vip", "color": null, "created_at": "2026-01-01T00:00:00Z"}], "total": 1, "page": 1, "page_size": 100});
        let faulty = Faulty::new("awardee", Options::default(), move |seen| {
            seen.path.contains("/conversation-tags").then(|| said(200, &[], &list))
        }).await;
        let gateway = on("awardee", &faulty).await;
        let answer = gateway.ask("PUT", &format!("{}/vip", target("awardee"))).send().await;
        assert_eq!(answer.json()["outcome"], "not applied");
        assert_eq!(faulty.count("PUT"), 0);
        answer
    }
}

#[tokio::test]
async fn an_answer_that_breaks_the_vendors_document_is_refused_only_where_that_is_enforced() {
    for (responses, status) in [("enforce", 502), ("report", 200), ("off", 200)] {
        let list = json!({"data": [{"id": "no-uuid", "name": "vip", "color": null, "created_at": "2026-01-01T00:00:00Z"}], "total": 1, "page": 1, "page_size": 100});
        let faulty = Faulty::always("awardee", said(200, &[], &list)).await;
        let more = format!("responses = \"{responses}\"");
        let gateway = open("", &route("awardee", &faulty.address.to_string(), &more)).await;
        let answer = gateway.get(&target("awardee")).await.is(status);
        let counted = gateway.admin("GET", "/violations").send().await.is(200);
        let counted = counted.json()["violations"].as_array().unwrap().len();
        assert_eq!(counted == 0, responses == "off");
        if status == 502 {
            told(&answer, Code::VendorInvalidResponse);
        }
    }
}

#[tokio::test]
async fn a_read_that_fails_is_tried_again_and_the_key_stands_in_its_header() {
    for vendor in VENDORS {
        let failed = std::sync::atomic::AtomicBool::new(false);
        let faulty = Faulty::new(vendor, Options::default(), move |_| {
            let first = !failed.swap(true, std::sync::atomic::Ordering::AcqRel);
            first.then_some(Fault::Close)
        })
        .await;
        let gateway = open("", &route(vendor, &faulty.address.to_string(), "")).await;
        let answer = gateway.get(&target(vendor)).await.is(200);
        assert_eq!(answer.header("tagway-vendor-calls"), Some("2"), "{vendor}");
        let seen = faulty.seen();
        assert_eq!(seen.len(), 2, "{vendor}");
        let header = match vendor {
            "elevenlabs" => "xi-api-key: vendor-secret",
            _ => "authorization: Bearer vendor-secret",
        };
        assert!(seen[1].head.contains(header), "{vendor}: {}", seen[1].head);
    }
}

//! The page of every problem, for people and for machines.

use crate::{
    errors::told,
    support::{Answer, Ask, Gateway, VENDORS, open, route},
};
use tagway::error::Code;

async fn gateway() -> Gateway {
    open("", &route(VENDORS[0], "mock", "")).await
}

fn page(gateway: &Gateway, code: &str, accept: &str) -> Ask {
    let ask = gateway.ask("GET", &format!("/problems/{code}"));
    match accept {
        "" => ask,
        accept => ask.header("accept", accept),
    }
}

/// A page for people is described without a schema.
async fn html(gateway: &Gateway, code: &str) -> Answer {
    let target = format!("/problems/{code}");
    let ask = Ask::elsewhere(gateway.at(), "GET", &target);
    let browser = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";
    ask.header("accept", browser).send().await.is(200)
}

#[tokio::test]
async fn every_code_has_a_page_for_machines() {
    let gateway = gateway().await;
    for code in Code::ALL {
        for accept in ["", "application/json", "*/*"] {
            let answer = page(&gateway, code.as_str(), accept).send().await.is(200);
            assert_eq!(answer.header("content-type"), Some("application/json"));
            let page = answer.json();
            assert_eq!(page["code"], code.as_str());
            assert_eq!(page["status"], code.status().as_u16(), "{code:?}");
            assert_eq!(page["title"], code.title());
            let example = &page["example"];
            assert_eq!(example["code"], code.as_str());
            assert_eq!(example["type"], format!("/problems/{}", code.as_str()));
            for text in ["meaning", "cure"] {
                let text = page[text].as_str().unwrap();
                assert!(text.len() > 20 && text.ends_with('.'), "{code:?}: {text}");
            }
        }
    }
}

#[tokio::test]
async fn every_code_has_a_page_for_people() {
    let gateway = gateway().await;
    for code in Code::ALL {
        let answer = html(&gateway, code.as_str()).await;
        let kind = answer.header("content-type");
        assert_eq!(kind, Some("text/html; charset=utf-8"), "{code:?}");
        assert_eq!(answer.header("x-content-type-options"), Some("nosniff"));
        assert_eq!(answer.header("cache-control"), Some("no-store"));
        let policy = answer.header("content-security-policy").unwrap();
        for part in [
            "default-src 'none'",
            "base-uri 'none'",
            "form-action 'none'",
            "frame-ancestors 'none'",
        ] {
            assert!(policy.contains(part), "{policy}");
        }
        assert!(!policy.contains("unsafe"), "{policy}");

        let text = String::from_utf8(answer.body).unwrap();
        let title = code.title().replace('\'', "&#39;");
        assert!(text.contains(&format!("<h1>{title}</h1>")), "{code:?}");
        assert!(
            text.contains(&format!("/problems/{}", code.as_str())),
            "{code:?}"
        );
        assert!(!text.contains("<script"), "{code:?}");
    }
}

#[tokio::test]
async fn a_page_leads_to_all_others() {
    let gateway = gateway().await;
    let text = String::from_utf8(html(&gateway, "tag-exists").await.body).unwrap();
    for code in Code::ALL {
        let link = format!("href=\"/problems/{}\"", code.as_str());
        let itself = *code == Code::TagExists;
        assert!(text.contains(&link) || itself, "{link}");
    }
}

#[tokio::test]
async fn a_problem_that_there_is_not_is_not_found() {
    let gateway = gateway().await;
    for code in ["nothing", "TAG-EXISTS", "tag-exists%2f", "%3Cscript%3E"] {
        for accept in ["", "text/html"] {
            let ask = Ask::elsewhere(gateway.at(), "GET", &format!("/problems/{code}"));
            let ask = match accept {
                "" => ask,
                accept => ask.header("accept", accept),
            };
            let answer = ask.send().await;
            assert_eq!(answer.status, 404, "{code}");
            let body = String::from_utf8(answer.body).unwrap();
            assert!(!body.contains("script"), "{body}");
        }
    }
    let wrong = page(&gateway, "tag-exists", "image/png").send().await;
    told(&wrong, Code::NotAcceptable);
    let answer = gateway.ask("POST", "/problems/tag-exists").send().await;
    told(&answer, Code::MethodNotAllowed);
}

//! What a start costs, in documents and schemas.

use super::{Gateway, OPENAPI, vendor_keys};
use crate::{
    config::{self, Secrets},
    schema::Document,
    sequencer::Lanes,
};
use std::{collections::BTreeMap, sync::Arc};

fn shipped() -> Gateway {
    let vendors = vendor_keys();
    let text = include_str!("../../gateway.toml");
    let loaded = config::load(text, "shipped", &BTreeMap::new(), &vendors, Secrets::Check);
    let config = loaded.expect("the shipped file").config;
    Gateway::build(config, Arc::new(Lanes::new()), None, 1).expect("a gateway")
}

#[test]
fn a_start_compiles_no_schema_of_the_documents_that_are_built_in() {
    let gateway = shipped();
    assert_eq!(gateway.document.compiled(), 0);
    let accounts: Vec<_> = gateway.accounts().map(|(account, _)| account).collect();
    assert_eq!(accounts.len(), 3);
    for account in accounts {
        assert_eq!(account.document.compiled(), 0, "{}", account.key);
    }
    let operation = gateway.document.operation("change_conversation_tags");
    let check = operation.and_then(|operation| operation.request());
    let change = serde_json::json!({"add": ["billing"]});
    assert!(check.expect("a body").is_valid(&change));
    assert_eq!(gateway.document.compiled(), 1, "what is needed is compiled");
}

#[test]
fn a_text_that_is_not_built_in_is_compiled_whole() {
    let text = format!("{OPENAPI} ");
    let document = Document::compile("gateway", &text, &|_| None).expect("it compiles");
    assert!(document.compiled() > 50, "{}", document.compiled());
}

#[test]
fn an_embedded_twin_speaks_by_the_very_document_that_its_answers_are_held_against() {
    let gateway = shipped();
    for (account, _) in gateway.accounts() {
        let twin = account.twin.as_ref().expect("a twin");
        assert!(Arc::ptr_eq(twin.document(), &account.document));
    }
}

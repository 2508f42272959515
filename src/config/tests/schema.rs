//! The JSON Schema: its committed copy, the shipped file, and that it sees what a schema can see.

use figment::providers::{Format as _, Toml};
use serde_json::Value;

use super::super::{Secrets, json_schema, load};
use super::shipped::SHIPPED;
use super::variables;
use crate::gateway::vendor_keys;

/// A sound file, for faults to stand beside.
const SOUND: &str = "[routes.desk]\nvendor = \"awardee\"\nbase_url = \"mock\"\n";

fn validator() -> jsonschema::Validator {
    let schema = json_schema(&vendor_keys());
    jsonschema::meta::validate(&schema).expect("a schema of its draft");
    jsonschema::draft202012::new(&schema).expect("a schema that compiles")
}

fn json(text: &str) -> Value {
    Toml::from_str(text).expect("TOML")
}

/// Whether the loader has no error to report.
fn loads(text: &str) -> bool {
    load(text, "f", &variables(&[]), &vendor_keys(), Secrets::Skip).is_ok()
}

#[test]
fn the_committed_copy_is_what_the_program_prints() {
    let file = concat!(env!("CARGO_MANIFEST_DIR"), "/schemas/config.json");
    let committed = std::fs::read_to_string(file).unwrap_or_default();
    let printed = format!("{:#}\n", json_schema(&vendor_keys()));
    assert!(
        committed == printed,
        "schemas/config.json is not what `tagway schema` prints; write it anew: cargo run -- schema > schemas/config.json"
    );
}

#[test]
fn the_shipped_file_is_valid_and_names_its_schema() {
    assert_eq!(SHIPPED.lines().next(), Some("#:schema schemas/config.json"));
    let document = json(SHIPPED);
    let errors: Vec<String> = validator()
        .iter_errors(&document)
        .map(|error| format!("{}: {error}", error.instance_path()))
        .collect();
    assert_eq!(errors, Vec::<String>::new());
}

#[test]
fn every_key_and_setting_is_described() {
    let schema = json_schema(&vendor_keys());
    let mut described = 0;
    for definition in schema
        .get("$defs")
        .and_then(Value::as_object)
        .into_iter()
        .flatten()
    {
        let properties = definition.1.get("properties").and_then(Value::as_object);
        for (name, property) in properties.into_iter().flatten() {
            let is_table = property.get("$ref").is_some();
            let text = property.get("description").and_then(Value::as_str);
            assert!(
                is_table || text.is_some_and(|text| text.ends_with('.')),
                "{name}"
            );
            described += usize::from(!is_table);
        }
    }
    let settings: usize = vendor_keys()
        .iter()
        .map(|vendor| vendor.settings.len())
        .sum();
    assert_eq!(described, super::super::keys::KEYS.len() + settings);
}

#[test]
fn the_schema_takes_what_the_loader_takes() {
    let validator = validator();
    let hash = "aB".repeat(32);
    for text in [
        SOUND.to_owned(),
        format!("{SOUND}rate = \"off\"\n"),
        format!("{SOUND}rate = []\n"),
        format!("{SOUND}rate = [\"5/s\", \"010/h\"]\n"),
        format!("{SOUND}writers = \"shared\"\nforeign_writers = \"off\"\n"),
        format!("{SOUND}catalogue = \"read-only\"\ncreate_missing = false\n"),
        format!("clients = []\n{SOUND}"),
        format!("{SOUND}[server]\nlisten = \"[::1]:80\"\nadmin = \"127.0.0.2:0\"\n"),
        format!("{SOUND}[[clients]]\nname = \"a.b-c_d\"\nkey_sha256 = [\"{hash}\"]\nroutes = [\"desk\"]\nscopes = [\"admin\"]\n"),
        "[routes.a_b_]\nvendor = \"attention\"\nsecret = \"file:/x y\"\naccount = \"k9\"\nattention = { flag_value = \"\", all_teams = true }\n".to_owned(),
        "[routes.x]\nvendor = \"elevenlabs\"\nsecret = \"env:_K\"\nbase_url = \"HTTPS://api.elevenlabs.io/\"\n".to_owned(),
    ] {
        assert!(loads(&text), "{text}");
        assert!(validator.is_valid(&json(&text)), "{text}");
    }
}

#[test]
fn the_schema_refuses_what_the_loader_refuses_where_one_value_shows_it() {
    let validator = validator();
    let beside = [
        "attempts = 0",
        "attempts = \"3\"",
        "attempts = 1.5",
        "settle_ms = 600_001",
        "on_loss = \"ignore\"",
        "writers = \"alone\"",
        "foreign_writers = \"on\"",
        "catalogue = \"read-only\"\ncreate_missing = true",
        "create_missing = 1",
        "account = \"Not OK\"",
        "secret = \"hunter2\"",
        "secret = \"env:9\"",
        "rate = \"60/min\"",
        "rate = [\"0/s\"]",
        "rate = [\"60/m\"]",
        "attemts = 3",
        "attention = { flag_value = \"yes\" }",
        "awardee = { flag_value = \"yes\" }",
        "[routes.routes]\nvendor = \"awardee\"\nbase_url = \"mock\"",
        "[routes.a__b]\nvendor = \"awardee\"\nbase_url = \"mock\"",
        "[routes.Desk]\nvendor = \"awardee\"\nbase_url = \"mock\"",
        "[routes.abcdefghijklmnopqrstuvwxyz1234567]\nvendor = \"awardee\"\nbase_url = \"mock\"",
        "[routes.x]\nvendor = \"zendesk\"\nbase_url = \"mock\"",
        "[routes.x]\nbase_url = \"mock\"",
        "[routes.x]\nvendor = \"awardee\"",
        "[routes.x]\nvendor = \"awardee\"\nsecret = \"env:K\"\nbase_url = \"api.awardee.example\"",
        "[routes.x]\nvendor = \"attention\"\nbase_url = \"mock\"\nattention = { skip_analysis = \"no\" }",
        "[routes.x]\nvendor = \"attention\"\nbase_url = \"mock\"\nattention = { auth_scheme = \"basic\" }",
        "[routes.x]\nvendor = \"attention\"\nbase_url = \"mock\"\nattention = { flag = \"x\" }",
        "[server]\nlisten = \"localhost:80\"",
        "[server]\nlisten = 80",
        "[server]\nlog = \"JSON\"",
        "[server]\nport = 80",
        "[sever]\nlog = \"json\"",
        "[[clients]]\nname = \"crm\"",
        "[[clients]]\nname = \"the crm\"\nkey_sha256 = [\"x\"]\nroutes = []\nscopes = [\"write\"]",
    ];
    let texts = beside.iter().map(|fault| format!("{SOUND}{fault}\n"));
    for text in texts.chain(["".to_owned(), "[routes]\n".to_owned()]) {
        assert!(!loads(&text), "{text}");
        assert!(!validator.is_valid(&json(&text)), "{text}");
    }
}

#[test]
fn the_schema_does_not_see_what_depends_on_two_tables_or_on_the_world() {
    let validator = validator();
    for fault in [
        "attempt_timeout_ms = 20_000",
        "rate = [\"10/h\", \"20/h\"]",
        "[server]\nlisten = \"0.0.0.0:80\"",
        "[server]\nadmin = \"8.8.8.8:80\"",
        "[routes.x]\nvendor = \"awardee\"\nsecret = \"env:K\"\nbase_url = \"https://elsewhere.example\"",
    ] {
        let text = format!("{SOUND}{fault}\n");
        assert!(!loads(&text), "{text}");
        assert!(validator.is_valid(&json(&text)), "{text}");
    }
}

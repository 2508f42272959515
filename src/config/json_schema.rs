//! The JSON Schema of the configuration file, made from the table of keys: for editors, and for whoever writes
//! configurations by program.
//!
//! It judges the file alone, without variables, and sees less than `check`: nothing that depends on two tables.

use serde_json::{Map, Value, json};

use adapters::settings::{Setting, SettingKind};

use super::VendorKeys;
use super::describe;
use super::keys::{self, Form, Kind, Table};

/// The schema, of draft 2020-12.
pub fn json_schema(vendors: &[VendorKeys]) -> Value {
    let mut definitions = Map::new();
    let tables = [
        ("server", Table::Server),
        ("client", Table::Client),
        ("route", Table::Route),
    ];
    for (name, of) in tables {
        definitions.insert(name.to_owned(), table(of, vendors));
    }
    for vendor in with_settings(vendors) {
        definitions.insert(vendor.name.to_owned(), settings(vendor));
    }
    json!({
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": "tagway's configuration",
        "description": "The file `gateway.toml`. Environment variables such as TAGWAY_SERVER__LISTEN lie over it.",
        "type": "object",
        "properties": {
            "server": { "$ref": "#/$defs/server" },
            "clients": {
                "description": "Who may call. Without clients everybody on this machine may.",
                "type": "array",
                "items": { "$ref": "#/$defs/client" },
            },
            "routes": {
                "description": "The routes by their names, at least one.",
                "type": "object",
                "minProperties": 1,
                "propertyNames": { "maxLength": 32, "not": { "const": "routes" } },
                "patternProperties": { (NAME): { "$ref": "#/$defs/route" } },
                "additionalProperties": false,
            },
        },
        "required": ["routes"],
        "additionalProperties": false,
        "$defs": definitions,
    })
}

/// A name of a route or an account: lower case, no two `_` in a row. Its length is checked apart from it.
const NAME: &str = "^[a-z](?:_?[a-z0-9])*_?$";

fn with_settings(vendors: &[VendorKeys]) -> impl Iterator<Item = &VendorKeys> {
    vendors.iter().filter(|vendor| !vendor.settings.is_empty())
}

fn table(of: Table, vendors: &[VendorKeys]) -> Value {
    let mut properties = Map::new();
    let mut required = Vec::new();
    for key in keys::of(of) {
        let mut schema = kind(&key.kind, vendors);
        schema.insert("description".to_owned(), json!(describe::key(key)));
        properties.insert(key.name.to_owned(), Value::Object(schema));
        if matches!(
            key.kind,
            Kind::Text { required: true, .. } | Kind::Texts { .. }
        ) {
            required.push(key.name);
        }
    }
    let mut schema = Map::from_iter([
        ("title".to_owned(), json!(of.to_string())),
        ("type".to_owned(), json!("object")),
        ("additionalProperties".to_owned(), json!(false)),
    ]);
    if !required.is_empty() {
        schema.insert("required".to_owned(), json!(required));
    }
    if of == Table::Route {
        for vendor in with_settings(vendors) {
            let reference = json!({ "$ref": format!("#/$defs/{}", vendor.name) });
            properties.insert(vendor.name.to_owned(), reference);
        }
        schema.insert("allOf".to_owned(), Value::Array(route_rules(vendors)));
    }
    schema.insert("properties".to_owned(), Value::Object(properties));
    Value::Object(schema)
}

/// What the keys of one route demand of each other.
fn route_rules(vendors: &[VendorKeys]) -> Vec<Value> {
    let has = |key: &str, value: Value| json!({ "properties": { key: { "const": value } }, "required": [key] });
    let (vendor, base_url) = (keys::VENDOR.name, keys::BASE_URL.name);
    let mut rules = vec![
        json!({
            "if": has(base_url, json!("mock")),
            "else": { "required": [keys::SECRET.name] },
        }),
        json!({
            "if": has(keys::CATALOGUE.name, json!("read-only")),
            "then": { "properties": { (keys::CREATE_MISSING.name): { "const": false } } },
        }),
    ];
    rules.extend(with_settings(vendors).map(|own| {
        json!({
            "if": { "properties": { vendor: { "const": own.name } } },
            "then": { "properties": { (own.name): { "$ref": format!("#/$defs/{}", own.name) } } },
            "else": { "properties": { (own.name): false } },
        })
    }));
    rules
}

fn settings(vendor: &VendorKeys) -> Value {
    let schema = |setting: &Setting| {
        let mut schema = match setting.kind {
            SettingKind::Bool { default } => {
                object(json!({ "type": "boolean", "default": default }))
            }
            SettingKind::Text { default, max_chars } => {
                object(json!({ "type": "string", "maxLength": max_chars, "default": default }))
            }
            SettingKind::Choice { default, of } => {
                object(json!({ "type": "string", "enum": of, "default": default }))
            }
        };
        schema.insert("description".to_owned(), json!(describe::setting(setting)));
        (setting.name.to_owned(), Value::Object(schema))
    };
    let properties: Map<String, Value> = vendor.settings.iter().map(schema).collect();
    json!({
        "title": format!("[routes.NAME.{}]", vendor.name),
        "description": format!("What only a route of `{}` may hold.", vendor.name),
        "type": "object",
        "properties": properties,
        "additionalProperties": false,
    })
}

fn kind(kind: &Kind, vendors: &[VendorKeys]) -> Map<String, Value> {
    object(match *kind {
        Kind::Switch { default } => json!({ "type": "boolean", "default": default }),
        Kind::Number {
            default,
            least,
            most,
            ..
        } => json!({ "type": "integer", "minimum": least, "maximum": most, "default": default }),
        Kind::Choice { default, of, .. } => {
            json!({ "type": "string", "enum": of, "default": default })
        }
        Kind::Address { default } => json!({
            "type": "string",
            "pattern": r"^(?:(?:[0-9]{1,3}\.){3}[0-9]{1,3}|\[[0-9A-Fa-f:.]+(?:%[0-9]+)?\]):[0-9]{1,5}$",
            "default": default,
        }),
        Kind::Text { form, .. } => text(form, vendors),
        Kind::Texts { form } => {
            json!({ "type": "array", "minItems": 1, "items": text(form, vendors) })
        }
        Kind::Windows => json!({
            "anyOf": [
                { "const": "off" },
                {
                    "type": "array",
                    "items": { "type": "string", "pattern": "^0*[1-9][0-9]{0,9}/(?:s|min|h)$" },
                    "uniqueItems": true,
                },
            ],
        }),
    })
}

fn text(form: Form, vendors: &[VendorKeys]) -> Value {
    let pattern = match form {
        Form::Vendor => {
            let names: Vec<&str> = vendors.iter().map(|vendor| vendor.name).collect();
            return json!({ "type": "string", "enum": names });
        }
        Form::Scope => return json!({ "type": "string", "enum": keys::SCOPES }),
        Form::Route | Form::Account => {
            return json!({ "type": "string", "maxLength": 32, "pattern": NAME });
        }
        Form::Client => "^[A-Za-z0-9_.-]{1,64}$",
        Form::Hash => "^[0-9A-Fa-f]{64}$",
        Form::Path => ".",
        Form::BaseUrl => "^(?:mock|[Hh][Tt][Tt][Pp][Ss]?:.+)$",
        Form::Reference => "^(?:env:[A-Za-z_][A-Za-z0-9_]*|file:.+)$",
    };
    json!({ "type": "string", "pattern": pattern })
}

/// The members of what is an object anyway.
fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(members) => members,
        _ => Map::new(),
    }
}

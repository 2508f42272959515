//! Lines and columns, whatever form the file has.

use super::super::{Place, Secrets, load};
use super::{MOCK, VENDORS, load_with, variables};

/// Where the errors of `text` are.
fn positions(text: &str) -> Vec<(usize, usize)> {
    let faults = load_with(text, &[]).err().unwrap_or_default();
    let errors = faults
        .into_iter()
        .filter(|fault| fault.severity == super::super::Severity::Error);
    errors
        .filter_map(|fault| match fault.place {
            Place::File { line, column, .. } => Some((line, column)),
            _ => None,
        })
        .collect()
}

#[test]
fn keys_in_tables() {
    assert_eq!(
        positions(&format!("{MOCK}\n[server]\n  log = 1\n\tadmin = 2\n")),
        [(6, 3), (7, 2)]
    );
}

#[test]
fn dotted_keys() {
    let text = "routes.desk.vendor = \"birch\"\nroutes . desk . base_url = \"mock\"\nserver.log = 1\nserver.\"admin\" = 2\nroutes.desk.attempts = 0\n";
    assert_eq!(positions(text), [(3, 8), (4, 8), (5, 13)]);
}

#[test]
fn inline_tables() {
    let text = "server = { log = 1, admin = 2 }\nroutes = { desk = { vendor = \"birch\", base_url = \"mock\", attempts = 0 } }\n";
    assert_eq!(positions(text), [(1, 12), (1, 21), (2, 58)]);
}

#[test]
fn lists_of_tables_in_both_forms() {
    let text = format!(
        "{MOCK}[[clients]]\nname = 1\n\n[[clients]]\nname = \"crm\"\nroutes = [\n  \"desk\",\n  \"dusk\", 5\n]\n"
    );
    assert_eq!(
        positions(&text),
        [(4, 1), (4, 1), (4, 1), (5, 1), (7, 1), (7, 1), (11, 11)]
    );
    let text = format!(
        "clients = [{{ name = 1 }}, {{ name = \"crm\", routes = [\"desk\", \"dusk\"] }}]\n{MOCK}"
    );
    assert_eq!(
        positions(&text),
        [
            (1, 12),
            (1, 12),
            (1, 12),
            (1, 14),
            (1, 26),
            (1, 26),
            (1, 60)
        ]
    );
}

#[test]
fn columns_count_characters_and_lines_may_end_either_way() {
    assert_eq!(
        positions(&format!("server = {{ \"ä\" = \"öü\", log = 1 }}\r\n{MOCK}")),
        [(1, 12), (1, 24)]
    );
    let text = MOCK.replace('\n', "\r\n");
    assert_eq!(
        positions(&format!("# ä\r\n{text}\r\n[server]\r\nlog = 1\r\n")),
        [(7, 1)]
    );
}

#[test]
fn something_missing_is_at_the_name_of_its_table() {
    assert_eq!(positions(&format!("{MOCK}[routes.sales]\n")), [(4, 9)]);
    assert_eq!(
        positions(&format!("{MOCK}[routes.sales.maple]\nskip = true\n")),
        [(4, 9)]
    );
}

#[test]
fn a_syntax_error_has_its_line_and_column() {
    assert_eq!(positions("[server]\nlog = \"json\nx = 1\n"), [(2, 12)]);
    assert_eq!(positions("[server]\nlog = \n"), [(2, 7)]);
    assert_eq!(positions("[server]\n[routes.ä]\n"), [(2, 8)]);
}

#[test]
fn the_file_is_called_what_the_caller_calls_it() {
    let faults = load(
        "x = 1",
        "/etc/tagway/eu.toml",
        &variables(&[]),
        VENDORS,
        Secrets::Check,
    )
    .err();
    let place = faults.and_then(|faults| faults.first().map(|fault| fault.place.to_string()));
    assert_eq!(place.as_deref(), Some("/etc/tagway/eu.toml:1:1"));
}

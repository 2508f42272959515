//! The line that is shown with a fault: where the mark stands, and what is hidden.

use super::super::snippet;
use super::{MOCK, VENDORS, load_with};

/// The line and the marks of the first error of `text`; nothing if none is shown.
fn shown(text: &str) -> Option<String> {
    let faults = load_with(text, &[]).err().unwrap_or_default();
    let first = faults
        .into_iter()
        .find(|fault| fault.severity == super::super::Severity::Error);
    snippet(text, &first.expect("an error"), VENDORS)
}

/// The same without the number of the line.
fn lines(text: &str) -> (String, String) {
    let shown = shown(text).expect("a line");
    let behind = |line: &str| {
        line.split_once(" | ")
            .map_or(String::new(), |(_, text)| text.to_owned())
    };
    let mut lines = shown.lines().map(behind);
    (
        lines.next().unwrap_or_default(),
        lines.next().unwrap_or_default(),
    )
}

#[test]
fn the_key_is_marked_as_far_as_it_goes() {
    for (text, line, marks) in [
        ("[server]\nlog = \"x\"\n", "log = \"x\"", "^^^"),
        ("server.log = 1\n", "server.log = 1", "       ^^^"),
        (
            "server = { log = 1 }\n",
            "server = { log = 1 }",
            "           ^^^",
        ),
        ("[server]\n\tlog = 1 # why\n", "    log = 1", "    ^^^"),
        ("[server]\r\nlog = 1\r\n", "log = 1", "^^^"),
        ("[server]\n\"log\" = 1\n", "\"log\" = 1", "^^^^^"),
        ("[\"ｘ\"]\n", "[\"ｘ\"]", " ^^^^"),
        ("[routes.sales]\n", "[routes.sales]", "        ^^^^^"),
        ("[server]\nlog =\n", "log =", "     ^"),
    ] {
        assert_eq!(
            lines(&format!("{text}{MOCK}")),
            (line.to_owned(), marks.to_owned()),
            "{text}"
        );
    }
}

#[test]
fn wide_characters_and_controls_keep_the_mark_in_its_place() {
    let text = format!("server = {{ \"ログ\" = 1, log = 1 }}\n{MOCK}");
    let (line, marks) = lines(&text.replace("\"ログ\" = 1, ", ""));
    assert_eq!((line.find("log"), marks.find('^')), (Some(11), Some(11)));
    assert_eq!(lines(&text).1, format!("{}^^^^^^", " ".repeat(11)));
    let bidi = format!("\"se\u{202e}rver\" = 1\n{MOCK}");
    assert_eq!(lines(&bidi).0, "\"se\u{fffd}rver\" = …");
}

#[test]
fn a_long_line_is_cut_around_the_place() {
    let filler: String = (0..60).map(|at| format!("attempts{at} = 1, ")).collect();
    for text in [
        format!("server = {{ log = 1, {filler}x = 1 }}\n"),
        format!("server = {{ {filler}log = 1 }}\n"),
        format!("clients = [{{ {} = 1 }}]\n", "k".repeat(400)),
    ] {
        let text = text + MOCK;
        let faults = load_with(&text, &[]).err().unwrap_or_default();
        for fault in faults {
            let Some(shown) = snippet(&text, &fault, VENDORS) else {
                continue;
            };
            for line in shown.lines() {
                let behind = line.split_once(" | ").map_or("", |(_, text)| text);
                assert!(behind.chars().count() <= 101, "{shown}");
            }
            let (line, marks) = shown.split_once('\n').expect("two lines");
            let at = marks.find('^').expect("a mark");
            let length = marks.chars().filter(|mark| *mark == '^').count();
            let marked: String = line.chars().skip(at).take(length).collect();
            let marked = marked.trim_end_matches('…');
            let key = fault.path.split('.').next_back().unwrap_or_default();
            let found = key.starts_with(marked) && !marked.is_empty();
            assert!(
                found || fault.detail.contains("required"),
                "{}\n{shown}",
                fault.path
            );
        }
    }
}

#[test]
fn what_could_be_a_secret_is_hidden() {
    for text in [
        "[routes.desk]\nvendor = \"birch\"\nsecret = \"hunter2\"\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = 'hunter2'\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = \"\"\"hunter2\"\"\"\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = \"\"\"\nhunter2\"\"\"\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = \"\"\"\nhunter2 \\q\nattempts = hunter2\n\"\"\"\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = hunter2\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = \"hunter2\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret \"hunter2\"\n",
        "[routes.desk]\nvendor = \"birch\"\nsecret = \"hunter\\\"2 hunter2\" x\n",
        "[routes.desk]\nvendor = \"birch\"\nattempts = 0 # hunter2\n",
        "[routes.desk]\nvendor = \"birch\"\nbase_url = \"https://a:hunter2@x.example\"\n",
        "[routes.desk]\nvendor = \"birch\"\nbase_url = \"https://x.example/hunter2\"\n",
        "[routes.desk]\nvendor = \"maple\"\nmaple = { flag = \"hunter2 hunter2\" }\n",
        "routes = { desk = { vendor = \"birch\", \"secret\" = \"hunter2\", attempts = 0 } }\n",
        "routes = { desk = { vendor = \"birch\", secret = \"hunter2\" attempts = 0 } }\n",
        "routes.desk = { secret.x = \"hunter2\", attempts = 0 }\n",
        "routes.desk.\"secret\" = \"hunter2\"\n",
        "token = \"hunter2\"\n",
        "token = [1, \"hunter2\", { log = 1, x = \"hunter2\" }]\n",
        "clients = [{ name = \"hunter2 \", key_sha256 = [\"hunter2\"], routes = [\"desk\"] }]\n",
        "[[clients]]\nname = \"x\"\nkey_sha256 = [\n\"hunter2\", # hunter2\n'hunter2' ]\n",
    ] {
        let faults = load_with(text, &[]).err().unwrap_or_default();
        assert!(!faults.is_empty(), "{text}");
        for fault in faults {
            let shown = snippet(text, &fault, VENDORS).unwrap_or_default();
            assert!(!shown.contains("hunter2"), "{text}{shown}");
            let help = fault.help(VENDORS).unwrap_or_default();
            assert!(!help.contains("hunter2"), "{help}");
        }
    }
}

#[test]
fn no_slip_of_the_pen_shows_a_secret() {
    let sound = "[[clients]]\nname = \"crm\"\nkey_sha256 = [\"hunter2\",\n'hunter2'] # hunter2\nroutes = [\"desk\"]\n\
        [routes.desk]\nvendor = \"birch\"\nsecret = \"hunter2\"\n\
        [routes]\nx = { attempts = 0, secret = 'hunter2', maple.flag = \"hunter2\", rate = [\"1/s\"] }\n";
    let places = sound
        .char_indices()
        .map(|(at, char)| (at, at + char.len_utf8()));
    let inserted = [
        "", "\"", "'", "=", ",", ".", "[", "]", "{", "}", "#", " ", "\n", "\\", "x",
    ];
    let mut judged = 0;
    for (start, end) in places {
        for (insert, from) in inserted
            .iter()
            .flat_map(|text| [(text, start), (text, end)])
        {
            let text = format!("{}{insert}{}", &sound[..start], &sound[from..]);
            for fault in load_with(&text, &[]).err().unwrap_or_default() {
                let shown = snippet(&text, &fault, VENDORS).unwrap_or_default();
                // A secret that has become a key is named by the fault itself.
                let is_key = fault.path.contains("nter");
                let shown = format!("{}\n{shown}", fault.detail);
                assert!(is_key || !shown.contains("nter"), "{text}\n{shown}");
                judged += 1;
            }
        }
    }
    assert!(judged > 10_000, "{judged}");
}

#[test]
fn harmless_values_are_shown() {
    for (text, line) in [
        ("[routes.desk]\nvendor = \"brch\"\n", "vendor = \"brch\""),
        (
            "[routes.desk]\nvendor = \"birch\"\nsecret = \"env:K\"\nbase_url = \"https://x.example/\"\n",
            "base_url = \"https://x.example/\"",
        ),
        (
            "[routes.desk]\nvendor = \"birch\"\nbase_url = \"mock\"\nrate = [\n  \"60/m\", # per minute\n]\n",
            "  \"60/m\",",
        ),
        (
            "[routes.desk]\nvendor = \"maple\"\nbase_url = \"mock\"\nmaple.scheme = \"basic\"\n",
            "maple.scheme = \"basic\"",
        ),
    ] {
        assert_eq!(lines(text).0, line);
    }
}

#[test]
fn a_fault_in_a_variable_shows_no_line() {
    let faults = load_with("", &[("TAGWAY_SERVER__LOG", "x")])
        .err()
        .unwrap_or_default();
    let of_variable = faults.iter().find(|fault| fault.path == "server.log");
    assert_eq!(snippet("", of_variable.expect("a fault"), VENDORS), None);
}

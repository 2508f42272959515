//! Reports for people, for programs and for build servers.

use super::{Outcome, Report};
use serde_json::{Value, json as value};
use std::fmt::Write;

/// For people.
pub fn text(report: &Report) -> String {
    let mut text = format!("{} ({})\n", report.vendor, report.target);
    // Writing to a text cannot fail.
    let mut say = |line: String| {
        let _ = writeln!(text, "{line}");
    };
    for result in &report.results {
        let head = |word: &str| format!("  {word:<10} {}: {}", result.name, result.assumes);
        match &result.outcome {
            Outcome::Holds => say(head("holds")),
            Outcome::Skipped => say(head("skipped")),
            Outcome::Unanswered { why } => {
                say(head("UNANSWERED"));
                say(format!("             {why}"));
            }
            Outcome::Differs {
                expected,
                seen,
                change,
            } => {
                say(head("DIFFERS"));
                say(format!("             expected: {expected}"));
                say(format!("             seen:     {seen}"));
                say(format!("             change:   {change}"));
            }
        }
    }
    for violation in &report.coverage.violations {
        say(format!("  document   {violation}"));
    }
    for left in &report.left {
        say(format!("  LEFT       {}: {}", left.what, left.why));
    }
    if report.stopped {
        say("  STOPPED    before the last probe".to_owned());
    }
    let operations = &report.coverage.operations;
    let called = operations.values().filter(|seen| !seen.is_empty()).count();
    say(format!("  operations {called} of {}", operations.len()));
    let keywords = report.coverage.keywords.iter();
    let keywords = keywords.map(|(name, seen)| format!("{name} {}/{}", seen.reached, seen.of));
    say(format!(
        "  keywords   {}",
        keywords.collect::<Vec<_>>().join(", ")
    ));
    let [holds, differs, unanswered, skipped] = counts(report);
    say(format!(
        "  {holds} hold, {differs} differ, {unanswered} unanswered, {skipped} skipped"
    ));
    text
}

/// For programs.
pub fn json(reports: &[Report]) -> Value {
    value!({ "reports": reports })
}

/// For build servers: a suite for each vendor, a case for each probe.
pub fn junit(reports: &[Report]) -> String {
    let mut text = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for report in reports {
        let [_, differs, unanswered, skipped] = counts(report);
        let _ = writeln!(
            text,
            "  <testsuite name=\"{}\" tests=\"{}\" failures=\"{differs}\" errors=\"{unanswered}\" skipped=\"{skipped}\">",
            escaped(report.vendor),
            report.results.len(),
        );
        for result in &report.results {
            let inside = match &result.outcome {
                Outcome::Holds => String::new(),
                Outcome::Skipped => "<skipped/>".to_owned(),
                Outcome::Unanswered { why } => format!("<error message=\"{}\"/>", escaped(why)),
                Outcome::Differs {
                    expected,
                    seen,
                    change,
                } => format!(
                    "<failure message=\"{}\">expected: {}\nseen: {}\nchange: {}</failure>",
                    escaped(&result.assumes),
                    escaped(expected),
                    escaped(seen),
                    escaped(change)
                ),
            };
            let _ = writeln!(
                text,
                "    <testcase classname=\"{}\" name=\"{}\">{inside}</testcase>",
                escaped(report.vendor),
                escaped(&result.name),
            );
        }
        text.push_str("  </testsuite>\n");
    }
    text.push_str("</testsuites>\n");
    text
}

fn counts(report: &Report) -> [usize; 4] {
    [
        report.count(|outcome| matches!(outcome, Outcome::Holds)),
        report.count(|outcome| matches!(outcome, Outcome::Differs { .. })),
        report.count(|outcome| matches!(outcome, Outcome::Unanswered { .. })),
        report.count(|outcome| matches!(outcome, Outcome::Skipped)),
    ]
}

/// XML takes neither markup nor control characters.
fn escaped(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '&' => "&amp;".to_owned(),
            '<' => "&lt;".to_owned(),
            '>' => "&gt;".to_owned(),
            '"' => "&quot;".to_owned(),
            c if c.is_control() && c != '\n' => " ".to_owned(),
            c => c.to_string(),
        })
        .collect()
}

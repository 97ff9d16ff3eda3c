//! Results as JUnit XML, which build servers read.

use std::fmt::Write;

use super::{Case, Suite};

/// All suites as one document.
pub(super) fn print(suites: &[Suite]) -> String {
    let mut xml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for suite in suites {
        print_suite(suite, &mut xml);
    }
    xml.push_str("</testsuites>\n");
    xml
}

/// Writing to a string cannot fail.
fn print_suite(suite: &Suite, xml: &mut String) {
    let path = escaped(&suite.path);
    let (tests, failed) = (suite.count(), suite.failed());
    let (failures, errors) = match suite.cases {
        Ok(_) => (failed, 0),
        Err(_) => (0, failed),
    };
    let _ = writeln!(
        xml,
        "  <testsuite name=\"{path}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{errors}\">"
    );
    match &suite.cases {
        Ok(cases) => cases.iter().for_each(|case| print_case(case, &path, xml)),
        Err(error) => {
            let message = escaped(&error.to_string());
            let _ = writeln!(
                xml,
                "    <testcase classname=\"{path}\" name=\"reading it\"><error message=\"{message}\"/></testcase>"
            );
        }
    }
    xml.push_str("  </testsuite>\n");
}

fn print_case(case: &Case, path: &str, xml: &mut String) {
    let name = escaped(&format!("{}: {}", case.place, case.name));
    let _ = write!(xml, "    <testcase classname=\"{path}\" name=\"{name}\"");
    let _ = match &case.failure {
        None => writeln!(xml, "/>"),
        Some(failure) => {
            let message = escaped(failure);
            writeln!(xml, "><failure message=\"{message}\"/></testcase>")
        }
    };
}

/// `text` as the value of an attribute. Characters that XML cannot hold become a question mark.
fn escaped(text: &str) -> String {
    let mut escaped = String::new();
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\t' | '\n' | '\r' => escaped.push(' '),
            '\u{0}'..='\u{1f}' | '\u{fffe}' | '\u{ffff}' => escaped.push('?'),
            other => escaped.push(other),
        }
    }
    escaped
}

//! Whether every row is there, and every test and every defence is where it says.

use super::{Edit, Proof, Row, Target, Test, rows};

/// The first and the last row of each letter.
const ROWS: [(char, usize, usize); 5] = [
    ('I', 1, 15),
    ('J', 1, 24),
    ('M', 1, 15),
    ('P', 1, 11),
    ('W', 6, 7),
];
/// The row that is measured and not tested.
const MEASURED: &str = "P8";

/// What is wrong; `read` gives a file of the repository.
pub(crate) fn check<'f>(read: impl Fn(&str) -> Option<&'f str>) -> Vec<String> {
    let mut findings = missing();
    for row in rows() {
        if row.proofs.is_empty() && row.running.is_empty() && row.id != MEASURED {
            findings.push(format!("{} has no test", row.id));
        }
        let of_proofs = row.proofs.iter().flat_map(|proof| in_proof(proof, &read));
        findings.extend(of_proofs.map(|finding| format!("{}: {finding}", row.id)));
        findings.extend(in_suites(row, &read));
    }
    findings
}

fn missing() -> Vec<String> {
    let expected = ROWS.iter().flat_map(|(letter, first, last)| {
        (*first..=*last).map(move |number| format!("{letter}{number}"))
    });
    let found: Vec<&str> = rows().map(|row| row.id).collect();
    if expected.clone().eq(found) {
        return Vec::new();
    }
    vec![format!(
        "the rows are not {} in order",
        expected.collect::<Vec<_>>().join(", ")
    )]
}

fn in_proof<'f>(proof: &Proof, read: &impl Fn(&str) -> Option<&'f str>) -> Vec<String> {
    let mut findings = Vec::new();
    if !exists(&proof.test, read) {
        findings.push(format!("there is no test {}", proof.test.name));
    }
    for Edit { file, from, to } in proof.edits {
        let times = read(file).map_or(0, |text| text.matches(from).count());
        if times != 1 || from == to {
            findings.push(format!("`{from}` is in {file} {times} times, where a defence was: say in crates/xtask/src/threats how it is switched off now"));
        }
    }
    findings
}

/// A test's path is that of its file, from src/ or from the target's root, and its own name.
fn exists<'f>(test: &Test, read: &impl Fn(&str) -> Option<&'f str>) -> bool {
    let (modules, name) = match test.name.rsplit_once("::") {
        Some((modules, name)) => (modules, name),
        None => ("", test.name),
    };
    let defined = format!("fn {name}(");
    let inner = modules.strip_suffix("::tests").unwrap_or(modules);
    let path = |modules: &str| modules.replace("::", "/");
    let files = match test.target {
        Target::Example => {
            let file = format!("crates/{}/src/{name}.rs", test.package);
            return read(&file).is_some_and(|text| text.contains("```compile_fail"));
        }
        Target::Lib => [path(modules), path(inner)].map(|path| format!("src/{path}.rs")),
        Target::Tests(target) => [target.to_owned(), format!("{target}/{}", path(modules))]
            .map(|path| format!("tests/{path}.rs")),
    };
    files.iter().any(|file| {
        read(&format!("crates/{}/{file}", test.package)).is_some_and(|text| text.contains(&defined))
    })
}

fn in_suites<'f>(row: &Row, read: &impl Fn(&str) -> Option<&'f str>) -> Vec<String> {
    let is_there = |(file, name): &&(&str, &str)| {
        let text = read(&format!("tests/{file}")).unwrap_or_default();
        ["\"", "`"]
            .iter()
            .any(|quote| text.contains(&format!("({quote}{name}")))
            || text.contains(&format!("[\"{name}"))
            || text.contains(&format!("  \"{name}"))
    };
    let gone = row.running.iter().filter(|suite| !is_there(suite));
    gone.map(|(file, name)| format!("{}: tests/{file} has no test that begins `{name}`", row.id))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_test_is_found_by_its_path() {
        let files = |path: &str| match path {
            "crates/token/src/jws.rs"
            | "crates/token/src/a/tests.rs"
            | "crates/token/tests/b/c.rs" => Some("fn x() {}"),
            _ => None,
        };
        let found = |test: Test| exists(&test, &files);
        assert!(found(super::super::token("jws::tests::x")));
        assert!(found(super::super::token("a::tests::x")));
        assert!(found(super::super::token_in("b", "c::x")));
        assert!(!found(super::super::token("jws::tests::y")));
        assert!(!found(super::super::token_in("c", "x")));
    }

    #[test]
    fn a_defence_that_is_gone_is_told() {
        let nothing = |_: &str| None;
        let findings = check(nothing);
        assert!(
            findings
                .iter()
                .any(|finding| finding.starts_with("I1: there is no test"))
        );
        assert!(findings.iter().any(|finding| finding.contains("0 times")));
        assert!(missing().is_empty());
    }
}

//! docs/threats.md.

use std::fmt::Write;

use super::{Row, Target, Test, rows};

/// Where the page is.
pub(crate) const PATH: &str = "docs/threats.md";

const HEAD: &str = "\
# Threats and their tests

Attacks that others have suffered, and the tests that would have caught them. `cargo xtask bless` writes this page.

A native test stands beside the defence that it was seen without: `cargo xtask threats [ROW…]` switches each of them off in a copy of the sources and wants the test to fail.
Tests of `tests/` run against the real Worker on workerd.

Timing (P8) is held by construction: a secret's checksum is compared in constant time, and what is looked up is its hash.
`cargo xtask soak` measures it.

| row | attack | fails | when this is switched off | on workerd |
|---|---|---|---|---|
";

/// The page as it has to be.
pub(crate) fn page() -> String {
    let mut page = HEAD.to_owned();
    for row in rows() {
        write_row(&mut page, row);
    }
    page
}

fn write_row(page: &mut String, row: &Row) {
    let running: Vec<String> = row
        .running
        .iter()
        .map(|(file, name)| format!("`{file}` {name}"))
        .collect();
    let running = running.join("<br>");
    if row.proofs.is_empty() {
        let _ = writeln!(page, "| {} | {} | | | {running} |", row.id, row.attack);
    }
    for (at, proof) in row.proofs.iter().enumerate() {
        let (id, attack, running) = match at {
            0 => (row.id, row.attack, running.as_str()),
            _ => ("", "", ""),
        };
        let test = shown(&proof.test);
        let _ = writeln!(
            page,
            "| {id} | {attack} | {test} | {} | {running} |",
            proof.off
        );
    }
}

fn shown(test: &Test) -> String {
    match test.target {
        Target::Example => format!(
            "the example in `crates/{}/src/{}.rs`",
            test.package, test.name
        ),
        Target::Lib | Target::Tests(_) => {
            let name = test.name.rsplit("::").next().unwrap_or(test.name);
            format!("`{name}`")
        }
    }
}

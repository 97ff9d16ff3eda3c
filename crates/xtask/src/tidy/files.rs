//! Where files may lie and how long they may be.

use super::TextFile;
use crate::test::NODE_SUITES;

const LINES_MAX: usize = 450;
const COUNTED: [&str; 8] = ["css", "html", "js", "mjs", "rs", "ts", "tsx", "toml"];

/// Files that are longer, each with the reason.
const LONGER: [(&str, &str); 0] = [];

/// What the root holds. It is the first page of the project, so it stays short.
const ROOT: [&str; 25] = [
    ".cargo",
    ".ci",
    ".gitignore",
    ".npmrc",
    "ARCHITECTURE.md",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "Cargo.lock",
    "Cargo.toml",
    "DESIGN.md",
    "LICENSE-APACHE",
    "LICENSE-MIT",
    "README.md",
    "clippy.toml",
    "crates",
    "docs",
    "fuzz",
    "llms.txt",
    "package-lock.json",
    "package.json",
    "policies",
    "rustfmt.toml",
    "tests",
    "wrangler.toml",
    "www",
];

pub(super) fn check_lengths(files: &[TextFile]) -> Vec<String> {
    lengths(files, &LONGER)
}

fn lengths(files: &[TextFile], longer: &[(&str, &str)]) -> Vec<String> {
    let mut findings = Vec::new();
    for file in files {
        let extension = file
            .path
            .rsplit_once('.')
            .map_or("", |(_, extension)| extension);
        let lines = file.text.lines().count();
        let reason = longer.iter().find(|(path, _)| *path == file.path);
        let long = COUNTED.contains(&extension) && lines > LINES_MAX;
        if long && reason.is_none() {
            findings.push(format!(
                "{} has {lines} lines: find its second concept, or give the reason in files.rs",
                file.path
            ));
        }
        if !long && reason.is_some() {
            findings.push(format!(
                "{} is short enough: take it out of files.rs",
                file.path
            ));
        }
    }
    for (path, _) in longer {
        if !files.iter().any(|file| file.path == *path) {
            findings.push(format!("{path} is gone: take it out of files.rs"));
        }
    }
    findings
}

pub(super) fn check_root(files: &[TextFile]) -> Vec<String> {
    let mut found: Vec<&str> = files
        .iter()
        .filter_map(|file| file.path.split('/').next())
        .collect();
    found.sort_unstable();
    found.dedup();
    found
        .into_iter()
        .filter(|name| !ROOT.contains(name))
        .map(|name| format!("{name} is not in the list of files.rs: does it have a house?"))
        .collect()
}

/// A node test outside the folders that `cargo xtask test` runs would pass by never running.
pub(super) fn check_tests(files: &[TextFile]) -> Vec<String> {
    files
        .iter()
        .filter(|file| file.path.contains(".test.") && !is_run(&file.path))
        .map(|file| format!("{} is in no suite: {}", file.path, NODE_SUITES.join(", ")))
        .collect()
}

fn is_run(path: &str) -> bool {
    let rest = NODE_SUITES.iter().find_map(|suite| {
        path.strip_prefix("tests/")?
            .strip_prefix(suite)?
            .strip_prefix('/')
    });
    rest.is_some_and(|name| !name.contains('/') && name.ends_with(".test.mjs"))
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    #[test]
    fn a_long_file_needs_a_reason() {
        let long = "x\n".repeat(LINES_MAX + 1);
        let files = [
            file("a.rs", &long),
            file("b.rs", "x\n"),
            file("c.json", &long),
        ];
        assert_eq!(lengths(&files, &[]).len(), 1);
        assert_eq!(lengths(&files, &[("a.rs", "one table")]), [""; 0]);
    }

    #[test]
    fn a_reason_that_is_not_needed_goes() {
        let files = [file("b.rs", "x\n")];
        assert_eq!(
            lengths(&files, &[("b.rs", "why"), ("c.rs", "why")]).len(),
            2
        );
    }

    #[test]
    fn the_root_holds_what_is_listed() {
        assert_eq!(
            check_root(&[file("crates/core/src/lib.rs", ""), file("README.md", "")]),
            [""; 0]
        );
        assert_eq!(
            check_root(&[file("notes/a.md", ""), file("notes/b.md", "")]).len(),
            1
        );
    }

    #[test]
    fn a_test_that_no_suite_runs_is_found() {
        assert_eq!(
            check_tests(&[file("tests/e2e/sign-in.test.mjs", "")]),
            [""; 0]
        );
        assert_eq!(
            check_tests(&[file("tests/e2e/deep/sign-in.test.mjs", "")]).len(),
            1
        );
        assert_eq!(
            check_tests(&[file("tests/e2e/sign-in.test.js", "")]).len(),
            1
        );
        assert_eq!(
            check_tests(&[file("www/console/src/a.test.ts", "")]).len(),
            1
        );
    }
}

//! Words that must not be committed. They are written in pieces here, so that this file passes too.

use super::TextFile;

/// A text, where it counts, and why it is refused.
struct Word {
    text: &'static str,
    /// Ends of paths; none means every file.
    only_in: &'static [&'static str],
    why: &'static str,
}

const fn everywhere(text: &'static str, why: &'static str) -> Word {
    Word {
        text,
        only_in: &[],
        why,
    }
}

const fn only(only_in: &'static [&'static str], text: &'static str, why: &'static str) -> Word {
    Word { text, only_in, why }
}

const UNFINISHED: &str = "finish it, or open an issue";
const MACHINE: &str = "a path of one machine";
const REGISTRY: &str = "the registry is the reader's own choice";
const SKIPPED: &str = "a test runs or does not exist";

const WORDS: [Word; 17] = [
    everywhere(concat!("TO", "DO"), UNFINISHED),
    everywhere(concat!("FIX", "ME"), UNFINISHED),
    everywhere(concat!("HA", "CK:"), UNFINISHED),
    everywhere(concat!("/ro", "ot/"), MACHINE),
    everywhere(concat!("/ho", "me/"), MACHINE),
    everywhere(concat!("/Us", "ers/"), MACHINE),
    everywhere(concat!("/wo", "rk/"), MACHINE),
    everywhere(concat!("/t", "mp/"), MACHINE),
    everywhere(concat!("registry", ".npmjs"), REGISTRY),
    everywhere(concat!("static", ".crates.io"), REGISTRY),
    everywhere(concat!("index", ".crates.io"), REGISTRY),
    only(
        &["package-lock.json"],
        concat!("\"resolved\": \"", "http"),
        REGISTRY,
    ),
    only(&[".rs"], concat!("#[ign", "ore"), SKIPPED),
    only(&[".mjs"], concat!(".sk", "ip("), SKIPPED),
    only(&[".mjs"], concat!(".on", "ly("), SKIPPED),
    only(&[".mjs"], concat!(".to", "do("), SKIPPED),
    only(&[".mjs"], concat!("sk", "ip: true"), SKIPPED),
];

pub(super) fn check(files: &[TextFile]) -> Vec<String> {
    files.iter().flat_map(in_file).collect()
}

fn in_file(file: &TextFile) -> Vec<String> {
    let mut findings = Vec::new();
    for (number, line) in (1..).zip(file.text.lines()) {
        for word in &WORDS {
            let counts =
                word.only_in.is_empty() || word.only_in.iter().any(|end| file.path.ends_with(end));
            if counts && contains(line, word.text) {
                findings.push(format!(
                    "{}:{number}: `{}`: {}",
                    file.path, word.text, word.why
                ));
            }
        }
    }
    findings
}

/// A word that starts with a letter or a slash counts only where a word can begin: `sub/home/` is a
/// route, not somebody's folder.
fn contains(line: &str, word: &str) -> bool {
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !word.starts_with(|c: char| c.is_alphanumeric() || c == '/')
            || before.is_none_or(|c| !c.is_alphanumeric() && c != '/')
    })
}

#[cfg(test)]
mod tests {
    use super::super::file;
    use super::*;

    fn findings(path: &str, line: &str) -> Vec<String> {
        check(&[file(path, &format!("fine\n{line}\n"))])
    }

    #[test]
    fn the_line_is_named() {
        let found = findings("a.rs", concat!("// TO", "DO later"));
        assert!(found[0].starts_with("a.rs:2: "), "{found:?}");
    }

    #[test]
    fn a_path_counts_where_one_begins() {
        assert_eq!(findings("a.md", concat!("see /ro", "ot/x")).len(), 1);
        assert_eq!(findings("a.md", concat!("\"/t", "mp/x\"")).len(), 1);
        assert_eq!(findings("a.md", concat!("docs/ho", "me/page")), [""; 0]);
        assert_eq!(findings("a.md", concat!("mas", "TO", "DOn")), [""; 0]);
    }

    #[test]
    fn a_lock_file_names_no_registry() {
        let line = concat!("\"resolved\": \"", "https://a.example/x.tgz\"");
        assert_eq!(findings("package-lock.json", line).len(), 1);
        assert_eq!(
            findings("package-lock.json", "\"resolved\": \"tests\""),
            [""; 0]
        );
    }

    #[test]
    fn tests_are_not_skipped() {
        assert_eq!(
            findings("a.test.mjs", concat!("test.sk", "ip('a')")).len(),
            1
        );
        assert_eq!(findings("a.rs", concat!("iter.sk", "ip(1)")), [""; 0]);
    }
}

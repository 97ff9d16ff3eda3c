//! docs/soak.md: what the parts that ran whole, and found nothing, have counted.

use std::collections::BTreeMap;
use std::process::Command;

use super::parts::{ALL, Part};
use crate::error::TaskError;
use crate::process;
use crate::project::Project;

const PATH: &str = "docs/soak.md";

const HEAD: &str = "\
# What was done for long

`cargo xtask soak` runs for hours what the test run does for seconds, and writes here what each part has counted when it ran whole and nothing failed, and of which commit that was (where none is named, of one from before they were). `LOCKSTEP_SEED` makes the same cases again.
";

/// Puts what `part` has counted into the place of what it did before.
pub(super) fn write(project: &Project, part: &Part, counted: &[String]) -> Result<(), TaskError> {
    let path = project.path(PATH);
    let before = match std::fs::read_to_string(&path) {
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(String::new()),
        read => read,
    };
    let before = before.map_err(TaskError::io("read", &path))?;
    // What is not committed has no name, and says so.
    let git = ["describe", "--always", "--dirty", "--exclude=*"];
    let commit = process::read(Command::new("git").current_dir(project.root()).args(git))?;
    let text = page(&before, part, commit.trim(), counted);
    std::fs::write(&path, text).map_err(TaskError::io("write", &path))
}

fn page(before: &str, part: &Part, commit: &str, counted: &[String]) -> String {
    let sections = before.split("\n## ").skip(1);
    let named = sections.filter_map(|section| section.split_once('\n'));
    let mut known: BTreeMap<String, String> = named
        .map(|(heading, text)| (heading.to_owned(), text.trim().to_owned()))
        .collect();
    let lines: Vec<String> = counted.iter().map(|line| format!("- {line}")).collect();
    known.insert(
        heading(part),
        format!("Of {commit}:\n\n{}", lines.join("\n")),
    );
    let sections = ALL.iter().filter_map(|part| {
        let heading = heading(part);
        let text = known.get(&heading)?;
        Some(format!("\n## {heading}\n\n{text}\n"))
    });
    format!("{HEAD}{}", sections.collect::<String>())
}

fn heading(part: &Part) -> String {
    format!("{}: {}", part.name, part.what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_takes_its_own_place_and_leaves_the_others() {
        let [first, second, ..] = &ALL;
        let one = page("", second, "c0", &["1 of 2".into()]);
        let both = page(&one, first, "c1", &["a".into(), "b".into()]);
        let (a, b) = (heading(first), heading(second));
        let end = format!("\n## {a}\n\nOf c1:\n\n- a\n- b\n\n## {b}\n\nOf c0:\n\n- 1 of 2\n");
        assert_eq!(both, format!("{HEAD}{end}"));
        assert_eq!(page(&both, second, "c0", &["1 of 2".into()]), both);
    }
}

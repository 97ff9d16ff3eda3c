//! `cargo xtask tidy`: the rules of this repository that no compiler knows.

mod arrows;
mod files;
mod words;

use std::process::Command;

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::test::Tally;
use crate::threats;

/// Checks every rule and prints what breaks it.
pub(crate) fn run(project: &Project) -> Result<Tally, TaskError> {
    let files = read(project)?;
    let rules = [
        (
            "arrows between crates",
            arrows::check(&metadata(project)?, &files),
        ),
        ("file lengths", files::check_lengths(&files)),
        ("files at the root", files::check_root(&files)),
        ("places of tests", files::check_tests(&files)),
        ("threats", threats::check(|path| text(&files, path))),
        ("words", words::check(&files)),
    ];
    let mut tally = Tally::default();
    for (name, findings) in rules {
        for finding in &findings {
            println!("{name}: {finding}");
        }
        tally.add(Tally {
            passed: findings.is_empty().into(),
            failed: count(&findings),
        });
    }
    Ok(tally)
}

/// A text file of the repository.
#[derive(Debug)]
struct TextFile {
    /// From the root, with `/`.
    path: String,
    text: String,
}

fn text<'f>(files: &'f [TextFile], path: &str) -> Option<&'f str> {
    let file = files.iter().find(|file| file.path == path);
    file.map(|file| file.text.as_str())
}

/// Every file that is committed or would be with the next commit, from the root.
pub(crate) fn committed_files(project: &Project) -> Result<Vec<String>, TaskError> {
    let list = process::read(Command::new("git").current_dir(project.root()).args([
        "ls-files",
        "-z",
        "--cached",
        "--others",
        "--exclude-standard",
    ]))?;
    Ok(list
        .split('\0')
        .filter(|path| !path.is_empty())
        .map(str::to_owned)
        .collect())
}

/// The text files; what is not UTF-8 (an image) has no words and no lines, only a place.
fn read(project: &Project) -> Result<Vec<TextFile>, TaskError> {
    let mut files = Vec::new();
    for path in committed_files(project)? {
        let full = project.path(&path);
        // Deleted, and the deletion not committed yet.
        if full.exists() {
            let bytes = std::fs::read(&full).map_err(TaskError::io("read", &full))?;
            files.push(TextFile {
                path,
                text: String::from_utf8(bytes).unwrap_or_default(),
            });
        }
    }
    Ok(files)
}

fn metadata(project: &Project) -> Result<serde_json::Value, TaskError> {
    let text =
        process::read(
            project
                .cargo()
                .args(["metadata", "--no-deps", "--format-version", "1"]),
        )?;
    serde_json::from_str(&text)
        .map_err(|error| TaskError::sentence(format!("cargo metadata is not JSON: {error}")))
}

fn count(findings: &[String]) -> u32 {
    u32::try_from(findings.len()).unwrap_or(u32::MAX)
}

#[cfg(test)]
fn file(path: &str, text: &str) -> TextFile {
    TextFile {
        path: path.to_owned(),
        text: text.to_owned(),
    }
}

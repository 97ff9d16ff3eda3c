//! `cargo xtask bless`: writes every committed file that a program generates; `--check` only compares.

mod typescript;

use std::path::PathBuf;
use std::process::ExitCode;

use crate::dev;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::threats;

/// A committed file and what it should hold.
#[derive(Debug)]
struct Generated {
    path: String,
    text: String,
}

/// All generators. A new one is a new line here.
fn generate(project: &Project) -> Result<Vec<Generated>, TaskError> {
    let mut files = matrices(project)?;
    let schemas = schemas(project)?;
    files.push(shapes(&schemas)?);
    files.extend(schemas);
    files.push(Generated {
        path: threats::PATH.into(),
        text: threats::page(),
    });
    Ok(files)
}

/// Who may do what under each policy, so that every change of it is a readable diff.
fn matrices(project: &Project) -> Result<Vec<Generated>, TaskError> {
    let mut files = Vec::new();
    for id in dev::policies(project)? {
        let policy = format!("policies/{id}.toml");
        files.push(Generated {
            path: format!("policies/matrix/{id}.txt"),
            text: printed(project, &["matrix", &policy, "--format", "text"])?,
        });
    }
    Ok(files)
}

/// What editors know of the documents that people write.
fn schemas(project: &Project) -> Result<Vec<Generated>, TaskError> {
    let mut files = Vec::new();
    for document in [
        "audit",
        "decision",
        "organization",
        "policy",
        "request",
        "snapshot",
        "world",
    ] {
        files.push(Generated {
            path: schema_path(document),
            text: printed(project, &["schema", document])?,
        });
    }
    Ok(files)
}

/// What pages know of what the edge answers: the same shapes in TypeScript.
fn shapes(schemas: &[Generated]) -> Result<Generated, TaskError> {
    let mut shapes = typescript::Shapes::default();
    for (document, name) in [
        ("decision", "DecisionView"),
        ("policy", "PolicyDocument"),
        ("snapshot", "Snapshot"),
        ("world", "FactsView"),
    ] {
        let path = schema_path(document);
        let schema = schemas.iter().find(|file| file.path == path);
        let schema = schema.map_or("", |file| file.text.as_str());
        shapes.add(schema, name)?;
    }
    Ok(Generated {
        path: "www/packages/gate/src/wire.ts".into(),
        text: shapes.text(),
    })
}

fn schema_path(document: &str) -> String {
    format!("docs/schema/{document}.json")
}

/// What the command line prints.
fn printed(project: &Project, arguments: &[&str]) -> Result<String, TaskError> {
    let call = ["run", "--quiet", "--package", "lockstep", "--"];
    process::read(project.cargo().args(call).args(arguments))
}

pub(crate) fn run(project: &Project, args: &[&str]) -> Result<ExitCode, TaskError> {
    match args {
        [] => write(project)?,
        ["--check"] => check(project)?,
        _ => return Err(TaskError::sentence("bless knows only --check")),
    }
    Ok(ExitCode::SUCCESS)
}

/// Fails when a committed file differs from what its generator writes, or has no generator.
pub(crate) fn check(project: &Project) -> Result<(), TaskError> {
    let generated = generate(project)?;
    let mut wrong: Vec<String> = changed(project, &generated)
        .into_iter()
        .map(|file| format!("{} is out of date", file.path))
        .collect();
    wrong.extend(
        orphans(project, &generated)?
            .into_iter()
            .map(|path| format!("{path} has no generator")),
    );
    if wrong.is_empty() {
        return Ok(());
    }
    Err(TaskError::sentence(format!(
        "{}: run `cargo xtask bless` and read the difference before you commit it",
        wrong.join(", ")
    )))
}

fn write(project: &Project) -> Result<(), TaskError> {
    let generated = generate(project)?;
    for file in changed(project, &generated) {
        let path = project.path(&file.path);
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(TaskError::io("create", folder))?;
        }
        std::fs::write(&path, &file.text).map_err(TaskError::io("write", &path))?;
        println!("wrote {}", file.path);
    }
    for path in orphans(project, &generated)? {
        let full = project.path(&path);
        std::fs::remove_file(&full).map_err(TaskError::io("delete", &full))?;
        println!("deleted {path}");
    }
    Ok(())
}

fn changed<'a>(project: &Project, generated: &'a [Generated]) -> Vec<&'a Generated> {
    let differs = |file: &&Generated| {
        std::fs::read_to_string(project.path(&file.path))
            .ok()
            .as_ref()
            != Some(&file.text)
    };
    generated.iter().filter(differs).collect()
}

/// Files in the folders of generated files that no generator writes any more.
fn orphans(project: &Project, generated: &[Generated]) -> Result<Vec<String>, TaskError> {
    let mut orphans = Vec::new();
    for folder in ["policies/matrix", "docs/schema"] {
        let path: PathBuf = project.path(folder);
        if !path.is_dir() {
            continue;
        }
        for entry in std::fs::read_dir(&path).map_err(TaskError::io("read", &path))? {
            let entry = entry.map_err(TaskError::io("read", &path))?;
            let name = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if !generated.iter().any(|file| file.path == name) {
                orphans.push(name);
            }
        }
    }
    Ok(orphans)
}

//! The steps of `cargo xtask test`, cheapest first.

use std::path::PathBuf;
use std::process::Command;

use super::tally::Tally;
use crate::bless;
use crate::error::TaskError;
use crate::fuzz;
use crate::instructions;
use crate::process;
use crate::project::Project;
use crate::setup::{self, Tools, WASM_TARGET};
use crate::size;
use crate::tidy;

/// One thing that must hold.
#[derive(Debug)]
pub(super) struct Step {
    /// What `--only` calls it.
    pub(super) name: &'static str,
    /// For people.
    pub(super) what: &'static str,
    /// Whether it needs the built product.
    pub(super) built: bool,
    pub(super) run: fn(&Project, &Tools) -> Result<Tally, TaskError>,
}

pub(super) const ALL: [Step; 16] = [
    quick("format", "rustfmt has nothing to change", format),
    quick("tidy", "the rules of this repository", |project, _| {
        tidy::run(project)
    }),
    quick("clippy", "no warnings, native", clippy),
    quick("clippy-wasm", "no warnings, for wasm32", clippy_wasm),
    quick("native", "tests of every crate", native),
    quick(
        "instructions",
        "a check costs little more than a hand-written table",
        |project, _| instructions::check(project),
    ),
    quick("doc", "documentation without warnings", doc),
    quick("bless", "generated files are up to date", |project, _| {
        bless::check(project).map(|()| Tally::ONE)
    }),
    quick(
        "fuzz",
        "readers of what others wrote, fuzzed",
        |project, _| fuzz::run(project, &fuzz::Options::default()),
    ),
    built("build", "gate, Worker and console", |_, _| Ok(Tally::ONE)),
    built("types", "TypeScript without errors", types),
    built(
        "size",
        "gate and Worker within their limits",
        |project, _| size::check(project).map(|()| Tally::ONE),
    ),
    built("gate", "the gate's WASM in node", |project, _| {
        node_tests(project, "gate", &[])
    }),
    built("e2e", "the Worker on workerd", |project, _| {
        let python = setup::python::find_or_install(project)?;
        // Its files mostly wait, each for a Worker of its own.
        let at_once = std::thread::available_parallelism().map_or(1, usize::from);
        node_files(project, "e2e", at_once, &[("LOCKSTEP_PYTHON", python)])
    }),
    built("dev", "`cargo xtask dev` itself", dev),
    built("browser", "the story in Chromium against workerd", browser),
];

type Run = fn(&Project, &Tools) -> Result<Tally, TaskError>;

const fn quick(name: &'static str, what: &'static str, run: Run) -> Step {
    Step {
        name,
        what,
        built: false,
        run,
    }
}

const fn built(name: &'static str, what: &'static str, run: Run) -> Step {
    Step {
        name,
        what,
        built: true,
        run,
    }
}

fn format(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    for manifest in ["Cargo.toml", "fuzz/Cargo.toml"] {
        process::run(project.cargo().args([
            "fmt",
            "--all",
            "--check",
            "--manifest-path",
            manifest,
        ]))?;
    }
    Ok(Tally::ONE)
}

fn clippy(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    process::run(
        project
            .cargo()
            .args(["clippy", "--workspace", "--all-targets"])
            .args(["--", "--deny", "warnings"]),
    )?;
    Ok(Tally::ONE)
}

/// The crates that run as WASM. cfg(target_arch) hides their platform code from the native run. The
/// gate has no std, so it is not built together with what turns std on for its dependencies.
fn clippy_wasm(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    let mut tally = Tally::default();
    for crates in [&["core", "wire", "gate"][..], &["token", "edge"]] {
        let packages = crates
            .iter()
            .map(|name| format!("--package=lockstep-{name}"));
        process::run(
            project
                .cargo()
                .args(["clippy", "--target", WASM_TARGET])
                .args(packages)
                .args(["--", "--deny", "warnings"]),
        )?;
        tally.add(Tally::ONE);
    }
    Ok(tally)
}

fn native(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    let mut command = project.cargo();
    command.args(["test", "--workspace", "--no-fail-fast"]);
    let (success, output) = process::tee(&mut command, process::Show::OnFailure)?;
    Ok(Tally::of_cargo(&output).and_status(success))
}

fn doc(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    process::run(
        project
            .cargo()
            .args([
                "doc",
                "--workspace",
                "--no-deps",
                "--document-private-items",
            ])
            .env("RUSTDOCFLAGS", "--deny warnings"),
    )?;
    Ok(Tally::ONE)
}

fn types(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    let mut tally = Tally::default();
    for project_file in [
        "www/packages/gate",
        "www/packages/react",
        "www/console",
        // Who uses the packages as they are shipped.
        "tests/types/tsconfig.bundler.json",
        "tests/types/tsconfig.node.json",
        "tests/types/tsconfig.nodenext.json",
    ] {
        process::run(
            project
                .node("node_modules/typescript/bin/tsc")
                .args(["--noEmit", "--project"])
                .arg(project.path(project_file)),
        )?;
        tally.add(Tally::ONE);
    }
    Ok(tally)
}

/// Runs the xtask that runs now, as a person would.
fn dev(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    let own = process::own_program()?;
    node_tests(project, "dev", &[("LOCKSTEP_XTASK", own)])
}

fn browser(project: &Project, _: &Tools) -> Result<Tally, TaskError> {
    node_tests(
        project,
        "browser",
        &[("CHROME", setup::browser::find_or_install()?)],
    )
}

/// Folders of tests/ that hold node tests; tidy refuses a test file elsewhere.
pub(crate) const NODE_SUITES: [&str; 4] = ["browser", "dev", "e2e", "gate"];

fn node_tests(
    project: &Project,
    suite: &str,
    variables: &[(&str, PathBuf)],
) -> Result<Tally, TaskError> {
    node_files(project, suite, 1, variables)
}

/// The tests of a suite, so many files at once.
fn node_files(
    project: &Project,
    suite: &str,
    at_once: usize,
    variables: &[(&str, PathBuf)],
) -> Result<Tally, TaskError> {
    let files = test_files(project, suite)?;
    if files.is_empty() {
        return Err(TaskError::sentence(format!(
            "tests/{suite} holds no *.test.mjs"
        )));
    }
    let mut command = Command::new("node");
    command
        .current_dir(project.root())
        .args(["--test", "--test-reporter=spec", "--test-timeout=300000"])
        .arg(format!("--test-concurrency={at_once}"))
        .args(files);
    for (name, value) in variables {
        command.env(name, value);
    }
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    Ok(Tally::of_node(&output).and_status(success))
}

fn test_files(project: &Project, suite: &str) -> Result<Vec<PathBuf>, TaskError> {
    let folder = project.path("tests").join(suite);
    if !folder.is_dir() {
        return Ok(Vec::new());
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(&folder).map_err(TaskError::io("read", &folder))? {
        let path = entry.map_err(TaskError::io("read", &folder))?.path();
        if path.to_string_lossy().ends_with(".test.mjs") {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

/// The committed test files that mention an environment variable.
pub(super) fn suites_that_need(project: &Project, name: &str) -> Result<Vec<String>, TaskError> {
    let mut suites = Vec::new();
    for file in tidy::committed_files(project)? {
        let is_test = file.starts_with("tests/") || file.contains("/tests/");
        if is_test && std::fs::read_to_string(project.path(&file)).is_ok_and(|t| t.contains(name)) {
            suites.push(file);
        }
    }
    Ok(suites)
}

//! The parts of `cargo xtask soak`.

use std::path::Path;
use std::process::Command;

use crate::build;
use crate::error::TaskError;
use crate::fuzz;
use crate::process;
use crate::project::Project;
use crate::setup;
use crate::test::Tally;

/// How long each fuzz target runs.
const FUZZ_SECONDS: u32 = 600;

/// One thing that is done for long.
#[derive(Debug)]
pub(super) struct Part {
    /// What the command line calls it.
    pub(super) name: &'static str,
    /// For people.
    pub(super) what: &'static str,
    /// Does it, of each count one in so many.
    pub(super) run: fn(&Project, u64) -> Result<Done, TaskError>,
}

/// How a part ended.
#[derive(Debug, Default)]
pub(super) struct Done {
    pub(super) tally: Tally,
    /// How much was wanted, and what the tests say of how much it was.
    pub(super) counted: Vec<String>,
}

impl Done {
    fn of(tally: Tally, output: &str) -> Self {
        let lines = output.lines().filter_map(|line| line.split_once(COUNTED));
        let mut counted: Vec<String> = lines.map(|(_, line)| line.to_owned()).collect();
        // Tests run beside each other.
        counted.sort_unstable();
        Self { tally, counted }
    }

    fn and(mut self, other: Self) -> Self {
        self.tally.add(other.tally);
        self.counted.extend(other.counted);
        self
    }
}

/// What a test's word about how much it has done begins with.
const COUNTED: &str = "counted: ";

pub(super) const ALL: [Part; 10] = [
    Part {
        name: "decisions",
        what: "the evaluator against its model, and each law on random cases",
        run: |project, one_in| {
            let counts = [
                ("LOCKSTEP_DECISIONS", 10_000_000),
                ("LOCKSTEP_CASES", 20_000),
            ];
            let rest = ["--", "--show-output"];
            native(project, "core", &rest, &reduced(&counts, one_in))
        },
    },
    Part {
        name: "secrets",
        what: "random strings in which no secret is found (P7), and the time that a refusal takes (P8)",
        run: secrets,
    },
    Part {
        name: "marks",
        what: "what is revoked is over and what is granted is seen, whatever KV and the objects do (M7, W6, W7)",
        run: |project, one_in| {
            let counts = [("LOCKSTEP_TRIALS", 2_000), ("LOCKSTEP_CHECKS", 10_000)];
            of_edge(
                project,
                "organization::tests::trials",
                &reduced(&counts, one_in),
            )
        },
    },
    Part {
        name: "histories",
        what: "64 clients on one organization: their histories are linearizable",
        run: |project, one_in| {
            let counts = reduced(&[("LOCKSTEP_HISTORIES", 10_000)], one_in);
            of_edge(project, "organization::tests::histories", &counts)
        },
    },
    Part {
        name: "mixes",
        what: "organizations in which everybody does everything at random: the laws hold, and every answer is the same wherever it is made",
        run: |project, one_in| {
            let mut counts = reduced(&[("LOCKSTEP_MIXES", 400)], one_in);
            counts.push(("LOCKSTEP_STEPS", 250));
            of_edge(project, "organization::tests::mixes", &counts)
        },
    },
    Part {
        name: "races",
        what: "one invitation, and everybody at once (I8)",
        run: |project, one_in| {
            let counts = reduced(&[("LOCKSTEP_RACES", 1_000)], one_in);
            of_edge(project, "organization::tests::races", &counts)
        },
    },
    Part {
        name: "workerd",
        what: "64 clients on one organization of the running Worker: their histories are linearizable",
        run: on_workerd,
    },
    Part {
        name: "crashes",
        what: "workerd killed in the middle of writes: none lost, none half done",
        run: |project, one_in| {
            let counts = [("LOCKSTEP_KILLS", 100), ("LOCKSTEP_WRITES", 100_000)];
            running(project, "crash", &reduced(&counts, one_in), &[])
        },
    },
    Part {
        name: "doubles",
        what: "what is revoked on the running Worker is over by the clock on the wall, for many at once, whatever KV does (M7, W6)",
        run: |project, one_in| {
            let counts = reduced(&[("LOCKSTEP_REVOCATIONS", 100)], one_in);
            running(project, "revoked", &counts, &[])
        },
    },
    Part {
        name: "fuzz",
        what: "every reader of what others wrote",
        run: |project, one_in| {
            let seconds = u64::from(FUZZ_SECONDS).div_ceil(one_in);
            let seconds = u32::try_from(seconds).unwrap_or(FUZZ_SECONDS);
            let tally = fuzz::run(project, &fuzz::Options::every_target(seconds))?;
            let counted = vec![format!("{} targets, {seconds} s each", tally.passed)];
            Ok(Done { tally, counted })
        },
    },
];

type Counts = Vec<(&'static str, u64)>;

fn reduced(counts: &[(&'static str, u64)], one_in: u64) -> Counts {
    let counts = counts.iter();
    counts
        .map(|(name, count)| (*name, count.div_ceil(one_in)))
        .collect()
}

/// Tests of a crate, built for speed, with the environment that says how many cases they have.
fn native(
    project: &Project,
    package: &str,
    rest: &[&str],
    counts: &Counts,
) -> Result<Done, TaskError> {
    println!("{}", shown(counts));
    let mut command = project.cargo();
    command
        .args(["test", "--release", "--package"])
        .arg(format!("lockstep-{package}"))
        .args(rest);
    for (name, count) in counts {
        command.env(name, count.to_string());
    }
    let (success, output) = process::tee(&mut command, process::Show::OnFailure)?;
    let tally = Tally::of_cargo(&output).and_status(success);
    Ok(Done::of(tally, &output))
}

/// Tests of the objects on their doubles.
fn of_edge(project: &Project, module: &str, counts: &Counts) -> Result<Done, TaskError> {
    native(
        project,
        "edge",
        &["--lib", module, "--", "--show-output"],
        counts,
    )
}

/// One file of the tests on workerd.
fn running(
    project: &Project,
    file: &str,
    counts: &Counts,
    variables: &[(&str, &Path)],
) -> Result<Done, TaskError> {
    println!("{}", shown(counts));
    setup::run(project)?;
    build::run(project, &build::ALL)?;
    let mut command = Command::new("node");
    command
        .current_dir(project.root())
        .args(["--test", "--test-reporter=spec"])
        .arg(format!("tests/e2e/{file}.test.mjs"));
    for (name, count) in counts {
        command.env(name, count.to_string());
    }
    for (name, path) in variables {
        command.env(name, path);
    }
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    let tally = Tally::of_node(&output).and_status(success);
    Ok(Done::of(tally, &output))
}

/// Recorded over HTTP, and checked by what checks the native ones.
fn on_workerd(project: &Project, one_in: u64) -> Result<Done, TaskError> {
    let file = project.state("soak/histories.jsonl");
    if let Some(folder) = file.parent() {
        std::fs::create_dir_all(folder).map_err(TaskError::io("create", folder))?;
    }
    std::fs::write(&file, "").map_err(TaskError::io("write", &file))?;
    let counts = reduced(&[("LOCKSTEP_HISTORIES", 100)], one_in);
    let variable = [("LOCKSTEP_HISTORIES_FILE", file.as_path())];
    let recorded = running(project, "histories", &counts, &variable)?;
    let test = "organization::tests::histories::what_was_recorded_on_workerd_has_one_order";
    let mut command = project.cargo();
    command
        .args(["test", "--release", "--package", "lockstep-edge"])
        .args(["--lib", test, "--", "--show-output"])
        .env("LOCKSTEP_HISTORIES_FILE", &file);
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    let tally = Tally::of_cargo(&output).and_status(success);
    Ok(recorded.and(Done::of(tally, &output)))
}

fn shown(counts: &Counts) -> String {
    let counts = counts.iter().map(|(name, count)| format!("{name}={count}"));
    counts.collect::<Vec<_>>().join(" ")
}

fn secrets(project: &Project, one_in: u64) -> Result<Done, TaskError> {
    let counts = reduced(&[("LOCKSTEP_STRINGS", 100_000_000)], one_in);
    let rest = ["--test", "secrets", "--", "--show-output"];
    let found = native(project, "token", &rest, &counts)?;
    let mut command = project.cargo();
    command
        .args(["run", "--release", "--package", "lockstep-token"])
        .args(["--example", "timing"]);
    let (success, output) = process::tee(&mut command, process::Show::Always)?;
    let tally = Tally {
        passed: success.into(),
        failed: (!success).into(),
    };
    Ok(found.and(Done::of(tally, &output)))
}

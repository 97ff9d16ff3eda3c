//! `lockstep test`: worlds with questions, and whether each gets the answer that it must.

mod junit;

use std::collections::BTreeMap;
use std::fmt::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

use lockstep_core::{Facts, Policy, Step, World, is_in_group};
use lockstep_wire::{CompiledPolicy, Place, QuestionDocument, SourceError};

use crate::error::CommandError;
use crate::output::{self, BAD, GOOD, printable, styled};
use crate::policy_file;
use crate::world_file::{SUGGESTIONS_MAX, WorldFile};

/// Runs the tests in `files`, all under `policy` where it is given.
///
/// # Errors
/// When the result cannot be written. What is wrong with a file is part of the result.
pub(crate) fn run(
    files: &[PathBuf],
    policy: Option<&Path>,
    junit: Option<&Path>,
) -> Result<ExitCode, CommandError> {
    let mut runner = Runner {
        policy,
        policies: BTreeMap::new(),
    };
    let mut suites = Vec::new();
    for file in files {
        let suite = Suite {
            path: file.display().to_string(),
            cases: runner.run(file),
        };
        output::print(&suite.report())?;
        suites.push(suite);
    }
    output::print(&summary(&suites))?;
    if let Some(path) = junit {
        std::fs::write(path, junit::print(&suites)).map_err(|error| CommandError::WriteFile {
            path: path.to_owned(),
            error,
        })?;
    }
    let failed = suites.iter().any(|suite| suite.failed() > 0);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// The tests of one file.
struct Suite {
    path: String,
    /// The tests, or what is wrong with the file.
    cases: Result<Vec<Case>, CommandError>,
}

/// One test and how it went.
struct Case {
    name: String,
    place: Place,
    /// Why it failed, in a sentence.
    failure: Option<String>,
}

struct Runner<'a> {
    policy: Option<&'a Path>,
    policies: BTreeMap<PathBuf, CompiledPolicy>,
}

impl Runner<'_> {
    fn run(&mut self, path: &Path) -> Result<Vec<Case>, CommandError> {
        let file = WorldFile::read(path)?;
        if file.document.cases.is_empty() {
            let error = SourceError {
                place: Place { line: 1, column: 1 },
                message: "no `cases`, so nothing is tested".into(),
                help: None,
            };
            return Err(CommandError::source(path, error));
        }
        let policy = match self.policy {
            Some(policy) => policy.to_owned(),
            None => file.policy()?,
        };
        if !self.policies.contains_key(&policy) {
            let compiled = policy_file::read(&policy)?;
            self.policies.insert(policy.clone(), compiled);
        }
        let Some(compiled) = self.policies.get(&policy) else {
            return Ok(Vec::new());
        };
        let world = file.resolve(&compiled.policy, None)?;
        file.warn(&compiled.policy, &world);
        // With what the organization added, which is the same at every moment.
        let policy = world.policy().clone();
        let mut failures = failures(&file, &compiled.policy, world)?;
        let places = file.places();
        let mut suggestions = SUGGESTIONS_MAX;
        let questions = file.document.cases.iter().enumerate();
        let cases = questions.map(|(at, question)| Case {
            name: name(question, &file),
            place: places.of(&["cases".into(), Step::from(at)]),
            failure: failures
                .remove(&at)
                .map(|failure| failure.said(&file, &policy, &mut suggestions)),
        });
        Ok(cases.collect())
    }
}

/// Why a question failed.
struct Failure {
    message: String,
    /// What is not there, and what it is called.
    missing: Option<(&'static str, String)>,
}

impl Failure {
    /// The message with what may be meant, as long as `suggestions` lasts.
    fn said(self, file: &WorldFile, policy: &Policy, suggestions: &mut usize) -> String {
        let Self { message, missing } = self;
        match (missing, suggestions.checked_sub(1)) {
            (Some((noun, name)), Some(left)) => {
                *suggestions = left;
                format!("{message}; {}", file.suggestion(policy, noun, &name))
            }
            _ => message,
        }
    }
}

/// Which questions of `file` fail, by their places among its cases. `world` is the file's at a moment of its own.
fn failures(
    file: &WorldFile,
    policy: &Arc<Policy>,
    mut world: World,
) -> Result<BTreeMap<usize, Failure>, CommandError> {
    let turns = file.turns();
    let last_turn = |now_ms: u64| turns.range(..=now_ms).next_back();
    let mut questions: Vec<(u64, usize)> = Vec::new();
    for (at, question) in file.document.cases.iter().enumerate() {
        questions.push((question.now_ms.unwrap_or(file.document.now_ms), at));
    }
    // A world is resolved once for all moments at which it is the same.
    questions.sort_unstable();
    let mut failures = BTreeMap::new();
    for (now_ms, at) in questions {
        if last_turn(now_ms) != last_turn(world.now_ms()) {
            world = file.resolve(policy, Some(now_ms))?;
        }
        let question = file.document.cases.get(at);
        if let Some(failure) = question.and_then(|question| failure(question, file, &world)) {
            failures.insert(at, failure);
        }
    }
    Ok(failures)
}

fn name(question: &QuestionDocument, file: &WorldFile) -> String {
    let QuestionDocument {
        principal,
        permission,
        node,
        target,
        now_ms,
        ..
    } = question;
    let node = node.as_ref().unwrap_or(&file.document.organization);
    let mut name = format!("{principal} {permission} on {node}");
    // Writing to a string cannot fail.
    if let Some(target) = target {
        let _ = write!(name, " about {target}");
    }
    if !question.facts.is_empty() {
        let _ = write!(name, " with {}", stated(&question.facts.0));
    }
    if let Some(now_ms) = now_ms {
        let _ = write!(name, " at {now_ms}");
    }
    name
}

/// The facts, and the groups of them, by rising name.
fn stated(facts: &Facts) -> String {
    let mut stated: BTreeMap<&str, String> = BTreeMap::new();
    for group in facts.groups() {
        let members = facts.iter().filter_map(|(name, value)| {
            let member = name.strip_prefix(group)?.strip_prefix('.')?;
            Some(format!("{member} = {value}"))
        });
        let members: Vec<String> = members.collect();
        stated.insert(group, format!("{{{}}}", members.join(", ")));
    }
    for (name, value) in facts.iter() {
        if !facts.groups().any(|group| is_in_group(name, group)) {
            stated.insert(name, value.to_string());
        }
    }
    let stated = stated
        .iter()
        .map(|(name, value)| format!("{name} = {value}"));
    stated.collect::<Vec<_>>().join(", ")
}

fn failure(question: &QuestionDocument, file: &WorldFile, world: &World) -> Option<Failure> {
    match file.document.answer(world, question) {
        Ok(decision) if question.expect.is_met(&decision) => None,
        Ok(decision) => {
            let reason = decision.reasons.first();
            let (code, text) = reason.map_or(("", ""), |reason| (&reason.code, &reason.text));
            let expected = question.expect.as_str();
            let found = if decision.decision { "allow" } else { "deny" };
            Some(Failure {
                message: format!("expected {expected}, found {found} ({code}): {text}"),
                missing: None,
            })
        }
        Err(error) => Some(Failure {
            message: error.to_string(),
            missing: error.missing().map(|(noun, name)| (noun, name.into())),
        }),
    }
}

impl Suite {
    fn count(&self) -> usize {
        self.cases.as_ref().map_or(1, Vec::len)
    }

    fn failed(&self) -> usize {
        let failed = |cases: &Vec<Case>| cases.iter().filter(|case| case.failure.is_some()).count();
        self.cases.as_ref().map_or(1, failed)
    }

    fn report(&self) -> String {
        let path = &self.path;
        let mut text = String::new();
        let word = if self.failed() == 0 {
            styled(GOOD, "ok  ")
        } else {
            styled(BAD, "FAIL")
        };
        // Writing to a string cannot fail.
        let _ = match &self.cases {
            Ok(cases) => writeln!(text, "{word} {path} ({})", counted(cases.len(), "case")),
            Err(error) => {
                let error = printable(&error.to_string());
                writeln!(text, "{word} {path}\n     {error}")
            }
        };
        for case in self.cases.iter().flatten() {
            if let Some(failure) = &case.failure {
                let Case { place, name, .. } = case;
                let (name, failure) = (printable(name), printable(failure));
                let _ = writeln!(text, "     {path}:{place}: {name}\n         {failure}");
            }
        }
        text
    }
}

fn summary(suites: &[Suite]) -> String {
    let count: usize = suites.iter().map(Suite::count).sum();
    let failed: usize = suites.iter().map(Suite::failed).sum();
    let passed = count.saturating_sub(failed);
    let files = counted(suites.len(), "file");
    let failed = match failed {
        0 => "0 failed".to_owned(),
        failed => styled(BAD, format!("{failed} failed")),
    };
    format!("{files}: {passed} passed, {failed}\n")
}

fn counted(count: usize, noun: &str) -> String {
    let end = if count == 1 { "" } else { "s" };
    format!("{count} {noun}{end}")
}

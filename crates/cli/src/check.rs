//! `lockstep check`: what is wrong with policies, and what in them has no effect.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use lockstep_core::{PolicySpec, lint};
use lockstep_wire::Places;

use crate::error::CommandError;
use crate::{output, policy_file};

/// Checks the policies at `paths`; findings fail, too, when they are `denied`.
///
/// # Errors
/// When the result cannot be written. What is wrong with a policy is part of the result.
pub(crate) fn run(paths: &[PathBuf], denied: bool) -> Result<ExitCode, CommandError> {
    let (mut errors, mut warnings) = (0_usize, 0_usize);
    for path in paths {
        match check(path) {
            Ok(found) => warnings = warnings.saturating_add(found),
            Err(error) => {
                output::complain(&error.to_string());
                errors = errors.saturating_add(1);
            }
        }
    }
    let counts = [
        (paths.len(), "policy", "policies"),
        (errors, "error", "errors"),
        (warnings, "warning", "warnings"),
    ];
    let [policies, wrong, odd] =
        counts.map(|(count, one, many)| format!("{count} {}", if count == 1 { one } else { many }));
    output::print(&format!("{policies}: {wrong}, {odd}\n"))?;
    let failed = errors > 0 || (denied && warnings > 0);
    Ok(if failed {
        ExitCode::FAILURE
    } else {
        ExitCode::SUCCESS
    })
}

/// Says what in the policy at `path` has no effect, and returns how much that is.
fn check(path: &Path) -> Result<usize, CommandError> {
    let text = policy_file::text(path)?;
    let compiled = policy_file::compile(path, &text)?;
    let places = Places::new(&text);
    let findings = lint(&PolicySpec::from(&compiled.document)).into_iter();
    let mut located: Vec<_> = findings
        .map(|finding| (places.of(&finding.path), finding.kind))
        .collect();
    located.sort_by_key(|(place, _)| *place);
    for (place, kind) in &located {
        output::warn(path, *place, &kind.to_string());
    }
    Ok(located.len())
}

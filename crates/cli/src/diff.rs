//! `lockstep diff`: who gains and loses what.

mod definitions;
mod operations;
mod print;
mod roles;

use std::path::Path;
use std::process::ExitCode;

use lockstep_core::{Change, Standing, World};
use serde::Serialize;

use crate::arguments::DataFormat;
use crate::error::CommandError;
use crate::world_file::WorldFile;
use crate::{output, policy_file};
use definitions::DefinitionChange;
use operations::OperationChange;

/// What is compared.
pub(crate) struct Compared<'a> {
    pub(crate) old: &'a Path,
    pub(crate) new: &'a Path,
    pub(crate) world: Option<&'a Path>,
    pub(crate) new_world: Option<&'a Path>,
}

/// Prints the differences and returns 0 where there is none, or 1.
///
/// # Errors
/// When a policy or a world is wrong, or the answer cannot be written.
pub(crate) fn run(compared: &Compared<'_>, format: DataFormat) -> Result<ExitCode, CommandError> {
    let (old, new) = (
        policy_file::read(compared.old)?,
        policy_file::read(compared.new)?,
    );
    let definitions = definitions::compare(&old, &new);
    let policies = (old.policy, new.policy);
    let (before, after) = match compared.world {
        Some(path) => {
            let old = WorldFile::read(path)?;
            let before = old.resolve(&policies.0, None)?;
            old.warn(&policies.0, &before);
            let new = compared.new_world.map(WorldFile::read).transpose()?;
            let after = new.as_ref().unwrap_or(&old).resolve(&policies.1, None)?;
            // What the new policy takes from the same world is what the comparison says.
            if let Some(new) = &new {
                new.warn(&policies.1, &after);
            }
            (before, after)
        }
        None => (roles::world(&policies.0)?, roles::world(&policies.1)?),
    };
    let changes = lockstep_core::diff(&before, &after);
    let operations = operations::compare(&policies.0, &policies.1);
    let is_same = changes.is_empty() && operations.is_empty() && definitions.is_empty();
    match format {
        DataFormat::Json => {
            let json = json(&changes, operations, definitions, compared.world.is_none())?;
            output::write(json.as_bytes())?;
        }
        DataFormat::Text => {
            let people = print::print(&changes, &before, &after);
            let operations = operations::print(&operations);
            let definitions = definitions::print(&definitions);
            output::print(&[people, operations, definitions].concat())?;
        }
    }
    Ok(if is_same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All changes, as they are.
#[derive(Serialize)]
struct Changes<'a> {
    changes: Vec<ChangeView<'a>>,
    operations: Vec<OperationChange<'a>>,
    definitions: Vec<DefinitionChange>,
}

#[derive(Serialize)]
struct ChangeView<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    principal: Option<&'a str>,
    node: &'a str,
    permission: &'a str,
    before: StandingView<'a>,
    after: StandingView<'a>,
}

#[derive(Serialize)]
struct StandingView<'a> {
    standing: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    conditions: Option<&'a str>,
}

impl<'a> From<&'a Standing> for StandingView<'a> {
    fn from(standing: &'a Standing) -> Self {
        let (standing, conditions) = match standing {
            Standing::Allowed => ("allow", None),
            Standing::Conditional(conditions) => ("conditional", Some(conditions.as_str())),
            Standing::Denied => ("deny", None),
        };
        Self {
            standing,
            conditions,
        }
    }
}

fn json(
    changes: &[Change],
    operations: Vec<OperationChange<'_>>,
    definitions: Vec<DefinitionChange>,
    of_roles: bool,
) -> Result<String, CommandError> {
    let changes = changes.iter().map(|change| {
        let who = Some(change.principal.as_str());
        ChangeView {
            role: who.filter(|_| of_roles),
            principal: who.filter(|_| !of_roles),
            node: &change.node,
            permission: &change.permission,
            before: (&change.before).into(),
            after: (&change.after).into(),
        }
    });
    let all = Changes {
        changes: changes.collect(),
        operations,
        definitions,
    };
    let mut json = serde_json::to_string_pretty(&all).map_err(CommandError::Json)?;
    json.push('\n');
    Ok(json)
}

/// The name of the node in which the node called `name` lies, in the second world or else in the first.
fn parent<'a>(worlds: (&'a World, &'a World), name: &str) -> Option<&'a str> {
    let of = |world: &'a World| {
        let node = world.node(name)?;
        Some(world.parent(node).map(|parent| world.node_name(parent)))
    };
    of(worlds.1).or_else(|| of(worlds.0)).flatten()
}

//! `lockstep diff`: who gains and loses what.

mod definitions;
mod operations;
mod print;
mod roles;
mod stored;

use std::cell::Cell;
use std::path::Path;
use std::process::ExitCode;

use lockstep_core::{Change, Standing, World};
use serde::ser::SerializeSeq;
use serde::{Serialize, Serializer};

use crate::arguments::DataFormat;
use crate::error::CommandError;
use crate::world_file::WorldFile;
use crate::{output, policy_file};
use definitions::DefinitionChange;
use operations::OperationChange;
use stored::Consequence;

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
    let of_roles = (roles::world(&old.policy)?, roles::world(&new.policy)?);
    let shown = roles::shown((&of_roles.0, &of_roles.1));
    let definitions = definitions::compare(&old, &new, &shown);
    let stored = stored::compare(&old, &new);
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
        None => of_roles,
    };
    let operations = operations::compare(&policies.0, &policies.1);
    let is_same = operations.is_empty() && definitions.is_empty() && stored.is_empty();
    let worlds = (&before, &after);
    let people_are_same = match format {
        DataFormat::Json => {
            let all = Changes {
                changes: Everybodys {
                    worlds,
                    of_roles: compared.world.is_none(),
                    is_empty: Cell::new(true),
                },
                operations,
                definitions,
                stored,
            };
            output::json(&all)?;
            all.changes.is_empty.get()
        }
        DataFormat::Text => {
            let people = print::print(worlds);
            let operations = operations::print(&operations);
            let definitions = definitions::print(&definitions);
            let stored = stored::print(&stored);
            output::print(&[people.as_str(), &operations, &definitions, &stored].concat())?;
            people.is_empty()
        }
    };
    Ok(if is_same && people_are_same {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

/// All changes, as they are.
#[derive(Serialize)]
struct Changes<'a> {
    changes: Everybodys<'a>,
    operations: Vec<OperationChange<'a>>,
    definitions: Vec<DefinitionChange>,
    stored: Vec<Consequence>,
}

/// Who gains and loses what: found as it is written, since all of it may be millions of changes.
struct Everybodys<'a> {
    worlds: (&'a World, &'a World),
    of_roles: bool,
    /// Whether none was written.
    is_empty: Cell<bool>,
}

impl Serialize for Everybodys<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        for changes in lockstep_core::diff(self.worlds.0, self.worlds.1) {
            for change in changes.iter() {
                self.is_empty.set(false);
                list.serialize_element(&ChangeView::of(&change, self.of_roles))?;
            }
        }
        list.end()
    }
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

impl<'a> ChangeView<'a> {
    fn of(change: &Change<'a>, of_roles: bool) -> Self {
        let who = Some(change.principal);
        Self {
            role: who.filter(|_| of_roles),
            principal: who.filter(|_| !of_roles),
            node: change.node,
            permission: change.permission,
            before: change.before.into(),
            after: change.after.into(),
        }
    }
}

/// The name of the node in which the node called `name` lies, in the second world or else in the first.
fn parent<'a>(worlds: (&'a World, &'a World), name: &str) -> Option<&'a str> {
    let of = |world: &'a World| {
        let node = world.node(name)?;
        Some(world.parent(node).map(|parent| world.node_name(parent)))
    };
    of(worlds.1).or_else(|| of(worlds.0)).flatten()
}

//! `lockstep search`: who may do it, on what, and what one may do.

use std::num::NonZeroUsize;

use lockstep_core::{Facts, NodeId, PermissionId, PrincipalId, World};
use lockstep_wire::KindName;
use serde::Serialize;

use crate::arguments::{DataFormat, Fact, Search};
use crate::error::CommandError;
use crate::{output, world_file};

/// One page of what was found.
#[derive(Serialize)]
struct Found {
    page: PageView,
    results: Vec<Entity>,
}

#[derive(Serialize)]
struct PageView {
    /// What `--after` takes to go on; empty at the end.
    next_token: String,
}

/// What was found, as AuthZEN writes it.
#[derive(Clone, Serialize)]
#[serde(untagged)]
enum Entity {
    Action {
        name: String,
    },
    Named {
        #[serde(rename = "type")]
        kind: &'static str,
        id: String,
    },
}

impl Entity {
    fn id(&self) -> &str {
        match self {
            Self::Action { name } => name,
            Self::Named { id, .. } => id,
        }
    }
}

/// Answers `search`.
///
/// # Errors
/// When a file or a name is wrong, or the answer cannot be written.
pub(crate) fn run(search: &Search) -> Result<(), CommandError> {
    let asked = search.asked();
    let world = world_file::read(&asked.world)?;
    let of = Names(&world);
    let facts = facts(&asked.facts);
    let after = asked.after.as_deref();
    let found = match search {
        Search::Subjects {
            permission, node, ..
        } => {
            let (permission, node) = (of.permission(permission)?, of.node(node.as_deref())?);
            let after = after.map(|id| of.principal(id)).transpose()?;
            let subjects = world.subjects(permission, node, &facts);
            page(asked.page_size, after, subjects, |id| of.subject(id))
        }
        Search::Resources {
            principal,
            permission,
            level,
            ..
        } => {
            let (principal, permission) = (of.principal(principal)?, of.permission(permission)?);
            let level = (*level).into();
            let after = after.map(|id| of.node(Some(id))).transpose()?;
            let resources = world.resources(principal, permission, level, &facts);
            page(asked.page_size, after, resources, |node| Entity::Named {
                kind: level.as_str(),
                id: world.node_name(node).to_owned(),
            })
        }
        Search::Actions {
            principal, node, ..
        } => {
            let (principal, node) = (of.principal(principal)?, of.node(node.as_deref())?);
            let after = after.map(|id| of.permission(id)).transpose()?;
            let actions = world.actions(principal, node, &facts);
            let policy = world.policy();
            let actions = actions.iter().filter_map(|at| policy.permission_at(at));
            page(asked.page_size, after, actions, |id| Entity::Action {
                name: policy
                    .describe(id)
                    .map_or_else(String::new, |known| known.id.clone()),
            })
        }
    };
    match asked.format {
        DataFormat::Json => {
            let mut json = serde_json::to_string(&found).map_err(CommandError::Json)?;
            json.push('\n');
            output::write(json.as_bytes())
        }
        DataFormat::Text => {
            let lines = found
                .results
                .iter()
                .map(|entity| format!("{}\n", entity.id()));
            output::write(lines.collect::<String>().as_bytes())
        }
    }
}

/// What comes after `after` in `all`, which rises, and at most `size` of it.
fn page<T: Copy + Ord>(
    size: Option<NonZeroUsize>,
    after: Option<T>,
    all: impl Iterator<Item = T>,
    entity: impl Fn(T) -> Entity,
) -> Found {
    // By its place and not by its name: it may no longer be found itself.
    let mut rest = all.skip_while(|found| after.is_some_and(|after| *found <= after));
    let size = size.map_or(usize::MAX, NonZeroUsize::get);
    let results: Vec<Entity> = rest.by_ref().take(size).map(entity).collect();
    let last = rest.next().and(results.last());
    Found {
        page: PageView {
            next_token: last.map(|last| last.id().to_owned()).unwrap_or_default(),
        },
        results,
    }
}

fn facts(stated: &[Fact]) -> Facts {
    let facts = stated.iter();
    facts
        .map(|fact| (fact.name.clone(), fact.value.clone()))
        .collect()
}

/// What the names on the command line stand for.
struct Names<'a>(&'a World);

impl Names<'_> {
    fn permission(&self, id: &str) -> Result<PermissionId, CommandError> {
        let found = self.0.policy().permission(id);
        found.ok_or_else(|| unknown("permission", id))
    }

    fn principal(&self, id: &str) -> Result<PrincipalId, CommandError> {
        self.0.principal(id).ok_or_else(|| unknown("principal", id))
    }

    fn node(&self, id: Option<&str>) -> Result<NodeId, CommandError> {
        match id {
            Some(id) => self.0.node(id).ok_or_else(|| unknown("node", id)),
            None => Ok(self.0.root()),
        }
    }

    fn subject(&self, principal: PrincipalId) -> Entity {
        Entity::Named {
            kind: KindName::from(self.0.kind(principal)).as_str(),
            id: self.0.principal_name(principal).to_owned(),
        }
    }
}

fn unknown(noun: &'static str, name: &str) -> CommandError {
    CommandError::Unknown {
        noun,
        name: name.to_owned(),
    }
}

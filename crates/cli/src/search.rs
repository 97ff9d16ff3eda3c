//! `lockstep search`: who may do it, on what, and what one may do.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;

use lockstep_core::{Facts, NodeId, PermissionId, PrincipalId, World};
use lockstep_wire::{
    Entity, KindName, PageView, QuestionError, SearchResponse, check_facts, suggestion,
};

use crate::arguments::{DataFormat, Fact, Search};
use crate::error::CommandError;
use crate::{output, world_file};

/// Answers `search`.
///
/// # Errors
/// When a file or a name is wrong, or the answer cannot be written.
pub(crate) fn run(search: &Search) -> Result<(), CommandError> {
    let asked = search.asked();
    let world_file::Asked { world, .. } = world_file::read(&asked.world)?;
    let of = Names(&world);
    let facts = facts(&asked.facts, &world)?;
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
                kind: level.as_str().to_owned(),
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
                .map(|entity| format!("{}\n", output::printable(entity.id())));
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
) -> SearchResponse {
    // By its place and not by its name: it may no longer be found itself.
    let mut rest = all.skip_while(|found| after.is_some_and(|after| *found <= after));
    let size = size.map_or(usize::MAX, NonZeroUsize::get);
    let results: Vec<Entity> = rest.by_ref().take(size).map(entity).collect();
    let last = rest.next().and(results.last());
    SearchResponse {
        page: PageView {
            next_token: last.map(|last| last.id().to_owned()).unwrap_or_default(),
        },
        results,
    }
}

fn facts(stated: &[Fact], world: &World) -> Result<Facts, CommandError> {
    let mut facts = Facts::default();
    for Fact(stated) in stated {
        let twice = stated.iter().find(|(name, _)| facts.value(name).is_some());
        if let Some((name, _)) = twice {
            return Err(CommandError::Asked(format!("`{name}` is stated twice")));
        }
        facts.extend(stated);
    }
    let policy = world.policy();
    check_facts(policy, &facts).map_err(|error| {
        let known: BTreeSet<&str> = match error {
            QuestionError::Role(_) => policy.roles().iter().map(|role| &*role.id).collect(),
            _ => policy.facts_asked().collect(),
        };
        let known: Vec<&str> = known.into_iter().collect();
        let help = error
            .missing()
            .map(|(noun, name)| suggestion(noun, name, &known));
        CommandError::Asked(help.map_or(error.to_string(), |help| format!("{error}; {help}")))
    })?;
    Ok(facts)
}

/// What the names on the command line stand for.
struct Names<'a>(&'a World);

impl Names<'_> {
    fn permission(&self, id: &str) -> Result<PermissionId, CommandError> {
        let policy = self.0.policy();
        let names = || policy.permissions().iter().map(|known| &*known.id);
        let found = policy.permission(id);
        found.ok_or_else(|| unknown("permission", id, &names().collect::<Vec<_>>()))
    }

    fn principal(&self, id: &str) -> Result<PrincipalId, CommandError> {
        let names = || {
            self.0
                .principals()
                .map(|known| self.0.principal_name(known))
        };
        let found = self.0.principal(id);
        found.ok_or_else(|| unknown("principal", id, &names().collect::<Vec<_>>()))
    }

    fn node(&self, id: Option<&str>) -> Result<NodeId, CommandError> {
        match id {
            Some(id) => {
                let names = || self.0.nodes().map(|node| self.0.node_name(node));
                let found = self.0.node(id);
                found.ok_or_else(|| unknown("node", id, &names().collect::<Vec<_>>()))
            }
            None => Ok(self.0.root()),
        }
    }

    fn subject(&self, principal: PrincipalId) -> Entity {
        Entity::Named {
            kind: KindName::from(self.0.kind(principal)).as_str().to_owned(),
            id: self.0.principal_name(principal).to_owned(),
        }
    }
}

fn unknown(noun: &str, name: &str, known: &[&str]) -> CommandError {
    let help = suggestion(noun, name, known);
    CommandError::Asked(format!("there is no {noun} `{name}`; {help}"))
}

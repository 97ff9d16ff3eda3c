//! What a change of a role would give and take, before anything is saved.

use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use lockstep_core::{
    Change, Customization, Grant, GroupSpec, Operation, Policy, PrincipalChanges, PrincipalSpec,
    Record, Standing, World, WorldNode, WorldSpec, diff,
};
use lockstep_wire::{
    AccessChangeView, CustomRoleRecord, RolePreviewRequest, RolePreviewView, RuleDocument,
    RulePreviewRequest, RulePreviewView,
};

use super::{
    acting::Acting,
    customization, invitations,
    roles::{changed, check, find, holders, ordered, successor},
    rules::{self, renamed},
};
use crate::{
    objects::Reply,
    problem::{ApiError, Code},
};

/// Of how many people a preview says what changes; it counts all.
const HOLDERS_MAX: usize = 100;
/// How many changes a preview lists; it counts all of those people's.
const CHANGES_MAX: usize = 1_000;

pub(super) fn answer(acting: &Acting<'_>, asked: &RolePreviewRequest) -> Result<Reply, ApiError> {
    acting.permit_under_any_plan(Operation::RoleManage)?;
    acting.permit(Operation::MemberRead, acting.access.root())?;
    let role = find(acting, &asked.role)?;
    let roles = acting.own_roles()?;
    let (roles_after, reassigned): (Vec<CustomRoleRecord>, _) = match &asked.change {
        Some(change) => {
            let new = ordered(&changed(&role, change));
            check(acting, &new)?;
            let others = roles.iter().cloned();
            let replaced = others.map(|old| if old.id == new.id { new.clone() } else { old });
            (replaced.collect(), None)
        }
        None => {
            successor(acting, &role.id, asked.reassign.as_deref())?;
            let others = roles.iter().filter(|other| other.id != role.id);
            (others.cloned().collect(), Some(asked.reassign.as_deref()))
        }
    };
    let rules = acting.own_rules()?;
    let rules_after = match reassigned {
        Some(new) => renamed(&rules, &role.id, new)?,
        None => rules.clone(),
    };
    let mut holders = holders(acting, &role.id)?;
    let pairs = rules.iter().zip(&rules_after);
    let changed = pairs.filter(|(old, new)| old != new);
    let mut reached = bound(acting, changed.flat_map(|(old, new)| [old, new]))?;
    reached.retain(|one| !holders.contains(one));
    holders.extend(reached);
    let shown = holders.get(..HOLDERS_MAX).unwrap_or(&holders);
    let record = |principal: &str| acting.record(principal);
    let added = customization::made_of(&roles, &rules);
    let before = spec(shown, added, acting.principal(), &record)?;
    let mut after = WorldSpec {
        customization: customization::made_of(&roles_after, &rules_after),
        ..before.clone()
    };
    if let Some(new) = reassigned {
        let people = after.principals.iter_mut().map(|one| &mut one.grants);
        let groups = after.groups.iter_mut().map(|one| &mut one.grants);
        people
            .chain(groups)
            .for_each(|grants| replace(grants, &role.id, new));
    }
    let now_ms = acting.access.now_ms();
    let world = |spec: &WorldSpec| world(acting.base(), spec, now_ms);
    let listed = Listed::of(&world(&before)?, &world(&after)?);
    Reply::of(&RolePreviewView {
        holders: holders.len(),
        holders_compared: shown.len(),
        invitations: invitations::named_by(acting, &role.id)?,
        changes_total: listed.total,
        changes: listed.changes,
    })
}

/// What a change of a rule would give and take.
pub(super) fn of_rule(acting: &Acting<'_>, asked: &RulePreviewRequest) -> Result<Reply, ApiError> {
    let root = acting.access.root();
    acting.permit(Operation::RuleManage, root)?;
    acting.permit(Operation::MemberRead, root)?;
    let (old, new) = match asked {
        RulePreviewRequest {
            rule: Some(id),
            change,
            create: None,
        } => {
            let (old, _) = rules::find(acting, id)?;
            let new = change.as_ref().map(|change| rules::changed(&old, change));
            (Some(old), new)
        }
        RulePreviewRequest {
            rule: None,
            change: None,
            create: Some(create),
        } => (
            None,
            Some(rules::ordered(&create.clone().named("new".to_owned()))),
        ),
        _ => {
            let detail =
                "Name a rule (`rule`), and perhaps a `change` of it; or a rule to `create`.";
            return Err(ApiError::new(Code::InvalidValue, detail));
        }
    };
    if let Some(new) = &new {
        rules::check(acting, new)?;
    }
    let holders = bound(acting, old.iter().chain(&new))?;
    let shown = holders.get(..HOLDERS_MAX).unwrap_or(&holders);
    let (roles, mut rules) = (acting.own_roles()?, acting.own_rules()?);
    let record = |principal: &str| acting.record(principal);
    let added = customization::made_of(&roles, &rules);
    let before = spec(shown, added, acting.principal(), &record)?;
    rules.retain(|rule| old.as_ref().is_none_or(|old| old.id != rule.id));
    rules.extend(new);
    let after = WorldSpec {
        customization: customization::made_of(&roles, &rules),
        ..before.clone()
    };
    let now_ms = acting.access.now_ms();
    let world = |spec: &WorldSpec| world(acting.base(), spec, now_ms);
    let listed = Listed::of(&world(&before)?, &world(&after)?);
    Reply::of(&RulePreviewView {
        holders: holders.len(),
        holders_compared: shown.len(),
        changes_total: listed.total,
        changes: listed.changes,
    })
}

/// Whom any of `rules` may be about: who holds one of their roles, or one that the organization made of it. Everybody, where a rule names none or one that is gone, and where the plan makes others of people's roles.
fn bound<'a>(
    acting: &Acting<'_>,
    rules: impl Iterator<Item = &'a RuleDocument>,
) -> Result<Vec<String>, ApiError> {
    let policy = acting.access.policy();
    let own = acting.own_roles()?;
    let mut named: BTreeSet<&str> = BTreeSet::new();
    for rule in rules {
        let is_gone = |id: &String| policy.role(id).is_none();
        if rule.roles.is_empty() || rule.roles.iter().any(is_gone) {
            return acting.principals();
        }
        let made = own.iter().filter(|role| rule.roles.contains(&role.base));
        named.extend(made.map(|role| role.id.as_str()));
        named.extend(rule.roles.iter().map(String::as_str));
    }
    if policy.replaces_roles(acting.access.plan()) {
        return acting.principals();
    }
    let mut bound: BTreeSet<String> = BTreeSet::new();
    for role in named {
        bound.extend(holders(acting, role)?);
    }
    Ok(bound.into_iter().collect())
}

/// The first changes, and how many there are: all of them may be millions.
#[derive(Default)]
pub(super) struct Listed {
    pub(super) total: usize,
    pub(super) changes: Vec<AccessChangeView>,
}

impl Listed {
    fn of(before: &World, after: &World) -> Self {
        let mut listed = Self::default();
        diff(before, after).for_each(|changes| listed.add(&changes));
        listed
    }

    pub(super) fn add(&mut self, changes: &PrincipalChanges<'_>) {
        self.total += changes.count();
        let free = CHANGES_MAX.saturating_sub(self.changes.len());
        self.changes.extend(changes.iter().take(free).map(change));
    }
}

/// A change in words.
fn change(change: Change<'_>) -> AccessChangeView {
    AccessChangeView {
        principal: change.principal.to_owned(),
        node: change.node.to_owned(),
        permission: change.permission.to_owned(),
        before: words(change.before),
        after: words(change.after),
    }
}

pub(super) fn words(standing: &Standing) -> String {
    match standing {
        Standing::Denied => "denied".to_owned(),
        Standing::Conditional(when) => format!("if {when}"),
        Standing::Allowed => "allowed".to_owned(),
    }
}

fn replace(grants: &mut Vec<Grant>, old: &str, new: Option<&str>) {
    match new {
        None => grants.retain(|grant| grant.role != old),
        Some(new) => {
            let named = grants.iter_mut().filter(|grant| grant.role == old);
            named.for_each(|grant| new.clone_into(&mut grant.role));
        }
    }
}

/// Everybody of `spec` under the policy.
pub(super) fn world(
    policy: &Arc<Policy>,
    spec: &WorldSpec,
    now_ms: u64,
) -> Result<World, ApiError> {
    World::resolve(policy, spec, now_ms)
        .map_err(|error| ApiError::internal(format!("world of an organization: {error}")))
}

/// The principals with all that they were granted, by themselves and through groups; without any, the
/// organization as `somebody` has it.
pub(super) fn spec(
    principals: &[String],
    customization: Customization,
    somebody: &str,
    record: &dyn Fn(&str) -> Result<Record, ApiError>,
) -> Result<WorldSpec, ApiError> {
    let mut spec = WorldSpec {
        customization,
        ..WorldSpec::default()
    };
    let mut groups: BTreeMap<String, GroupSpec> = BTreeMap::new();
    for (at, holder) in principals.iter().enumerate() {
        let record = record(holder)?;
        if at == 0 {
            let nodes = record.nodes.iter().map(|node| WorldNode {
                id: node.id.clone(),
                level: node.level,
                parent: node.parent.clone(),
                owner: None,
            });
            spec.nodes = nodes.collect();
            spec.plan.clone_from(&record.plan);
        }
        for (node, owned) in spec.nodes.iter_mut().zip(&record.nodes) {
            if owned.owned {
                node.owner = Some(holder.clone());
            }
        }
        let mut own = Vec::new();
        for grant in record.grants {
            let Some(id) = &grant.group else {
                own.push(grant);
                continue;
            };
            let group = groups.entry(id.clone()).or_default();
            group.id.clone_from(id);
            if !group.members.contains(holder) {
                group.members.push(holder.clone());
            }
            if !group.grants.contains(&grant) {
                group.grants.push(grant);
            }
        }
        spec.principals.push(PrincipalSpec {
            id: holder.clone(),
            kind: record.kind,
            grants: own,
            ..PrincipalSpec::default()
        });
    }
    if spec.nodes.is_empty() {
        let record = record(somebody)?;
        let root = record.nodes.first();
        spec.nodes = root
            .map(|root| WorldNode {
                id: root.id.clone(),
                level: root.level,
                parent: None,
                owner: None,
            })
            .into_iter()
            .collect();
    }
    spec.groups = groups.into_values().collect();
    Ok(spec)
}

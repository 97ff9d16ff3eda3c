//! What a change of a role would give and take, before anything is saved.

use std::{collections::BTreeMap, sync::Arc};

use lockstep_core::{
    Change, Customization, Grant, GroupSpec, Operation, Policy, PrincipalSpec, Record, Standing,
    World, WorldNode, WorldSpec, diff,
};
use lockstep_wire::{AccessChangeView, CustomRoleRecord, RolePreviewRequest, RolePreviewView};

use super::{
    acting::Acting,
    customization, invitations,
    roles::{changed, check, find, holders, ordered, successor},
};
use crate::{objects::Reply, problem::ApiError};

/// Of how many holders of the role a preview says what changes; it counts all.
const HOLDERS_MAX: usize = 100;
/// How many changes a preview lists; it counts all of those holders'.
pub(super) const CHANGES_MAX: usize = 1_000;

pub(super) fn answer(acting: &Acting<'_>, asked: &RolePreviewRequest) -> Result<Reply, ApiError> {
    let root = acting.access.root();
    acting.permit(Operation::RoleManage, root)?;
    acting.permit(Operation::MemberRead, root)?;
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
    let holders = holders(acting, &role.id)?;
    let shown = holders.get(..HOLDERS_MAX).unwrap_or(&holders);
    let record = |principal: &str| acting.record(principal);
    let rules = acting.own_rules()?;
    let added = |roles: &[CustomRoleRecord]| customization::made_of(roles, &rules);
    let before = spec(shown, added(&roles), acting.principal(), &record)?;
    let mut after = WorldSpec {
        customization: added(&roles_after),
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
    let changes = diff(&world(&before)?, &world(&after)?);
    let listed = changes.iter().take(CHANGES_MAX);
    Reply::of(&RolePreviewView {
        holders: holders.len(),
        holders_compared: shown.len(),
        invitations: invitations::named_by(acting, &role.id)?,
        changes_total: changes.len(),
        changes: listed.map(change).collect(),
    })
}

/// A change in words.
pub(super) fn change(change: &Change) -> AccessChangeView {
    AccessChangeView {
        principal: change.principal.clone(),
        node: change.node.clone(),
        permission: change.permission.clone(),
        before: words(&change.before),
        after: words(&change.after),
    }
}

fn words(standing: &Standing) -> String {
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

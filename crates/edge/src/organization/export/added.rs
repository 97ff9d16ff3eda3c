//! What the organization added to the policy, as it is held and could be saved today: an import takes nothing else.

use std::collections::BTreeMap;

use lockstep_core::{CustomRole, CustomRoleError, Policy, RuleSpec, Step};
use lockstep_wire::{CustomRoleRecord, EffectName, ExportedRole, ExportedRule, RuleDocument};

use super::{
    super::{acting::Acting, rules::turn},
    Keys,
};
use crate::problem::ApiError;

/// The organization's own roles, and how the file names each.
pub(super) fn roles(
    acting: &Acting<'_>,
) -> Result<(Vec<ExportedRole>, BTreeMap<String, String>), ApiError> {
    let mut keys = BTreeMap::new();
    let mut exported = Vec::new();
    let roles = acting.own_roles()?.into_iter();
    let held = roles.filter_map(|role| role_as_held(acting.base(), role));
    for (at, role) in held.enumerate() {
        let key = format!("role/{}", at.saturating_add(1));
        keys.insert(role.id, key.clone());
        exported.push(ExportedRole {
            key,
            name: role.name,
            base: role.base,
            with: role.with,
            without: role.without,
        });
    }
    Ok((exported, keys))
}

/// `role` as one that holds the same and may be saved; nothing, when nobody holds anything by it any more.
fn role_as_held(policy: &Policy, mut role: CustomRoleRecord) -> Option<CustomRoleRecord> {
    let is_known = |id: &String| policy.permission(id).is_some();
    role.with.retain(is_known);
    role.without.retain(is_known);
    // Each turn takes a permission from the role, or all that it adds.
    loop {
        match policy.check_role(&CustomRole::from(&role)) {
            Ok(()) => return Some(role),
            Err(CustomRoleError::AdditionsNotAllowed) => role.with.clear(),
            // What comes with something that the role drops is not held.
            Err(CustomRoleError::Implied { kept, .. }) if !role.without.contains(&kept) => {
                role.with.retain(|id| *id != kept);
                role.without.push(kept);
                role.without.sort();
            }
            Err(_) => return None,
        }
    }
}

/// The organization's own rules. A role that is gone is nobody's in a copy, so an allow rule gives nothing by it there, either. A deny rule for one binds everybody, and in the copy does so by its form.
pub(super) fn rules(acting: &Acting<'_>, keys: &Keys<'_>) -> Result<Vec<ExportedRule>, ApiError> {
    let policy = acting.base();
    let mut exported = Vec::new();
    let rules = acting.saved_rules()?.into_iter();
    for rule in rules.filter_map(|rule| rule_as_held(policy, rule)) {
        let key = |id: &String| {
            let of_policy = policy.role(id).map(|_| id);
            keys.roles.get(id).or(of_policy).cloned()
        };
        let mut roles: Vec<String> = rule.roles.iter().filter_map(key).collect();
        if roles.len() < rule.roles.len() {
            match rule.effect {
                EffectName::Deny => roles.clear(),
                EffectName::Allow if roles.is_empty() => continue,
                EffectName::Allow => {}
            }
        }
        roles.sort();
        exported.push(ExportedRule {
            effect: rule.effect,
            roles,
            permissions: rule.permissions,
            when: rule.when,
            because: rule.because,
        });
    }
    exported.sort_by_key(|rule| turn(policy, rule));
    Ok(exported)
}

/// What of `rule` may be saved and does the same, whatever roles it is for; nothing, when it does nothing by that. A condition that cannot be tested denies as if it held, and allows nothing.
fn rule_as_held(policy: &Policy, mut rule: RuleDocument) -> Option<RuleDocument> {
    loop {
        let of_everybody = RuleSpec {
            roles: Vec::new(),
            ..RuleSpec::from(&rule)
        };
        let Err(error) = policy.check_own_rule(&of_everybody) else {
            return Some(rule);
        };
        match error.path().as_slice() {
            [Step::Key(list), Step::Index(at), ..]
                if list == "permissions" && *at < rule.permissions.len() =>
            {
                rule.permissions.remove(*at);
            }
            [Step::Key(list), Step::Index(at), ..]
                if list == "when" && rule.effect == EffectName::Deny && *at < rule.when.len() =>
            {
                rule.when.remove(*at);
            }
            _ => return None,
        }
    }
}

#[cfg(test)]
mod tests {
    use lockstep_wire::CustomRoleRecord;

    use super::role_as_held;
    use crate::policies;

    #[test]
    fn where_nothing_may_be_added_a_role_is_held_without_what_it_added() {
        let opik = policies::policy("opik").unwrap();
        let base = opik.policy.roles().iter().find(|role| {
            let role = record(&role.id, &[]);
            opik.policy.check_role(&(&role).into()).is_ok()
        });
        let base = base.unwrap().id.as_str();
        let permission = opik.policy.permissions()[0].id.as_str();
        let held = role_as_held(&opik.policy, record(base, &[permission, "gone"]));
        assert_eq!(held, Some(record(base, &[])));
        assert_eq!(role_as_held(&opik.policy, record("gone", &[])), None);
    }

    fn record(base: &str, with: &[&str]) -> CustomRoleRecord {
        CustomRoleRecord {
            id: "role_1".to_owned(),
            name: "Own".to_owned(),
            base: base.to_owned(),
            with: with.iter().map(|id| (*id).to_owned()).collect(),
            without: Vec::new(),
        }
    }
}

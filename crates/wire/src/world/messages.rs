//! What is said of a world beside its answers: what in it gives nothing, and the names that were meant.

use alloc::collections::BTreeSet;
use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec;
use alloc::vec::Vec;

use lockstep_core::{
    CustomRoleError, Effect, Level, OwnRuleError, Policy, PolicyErrorKind, RuleSpec, Step, World,
    directory_facts, limits,
};

use super::{GrantDocument, WorldDocument};

/// What a deny rule does by a condition that cannot be tested.
const UNTESTED: &str = "nobody knows whether this holds, and the rule denies";

/// Something in a world that gives nothing, because the policy does not have it or does not allow it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WithoutEffect {
    /// Where it is written.
    pub path: Vec<Step>,
    /// A sentence about it.
    pub message: String,
    /// What the policy does not have, such as a `role`, and by which name it was looked for.
    pub missing: Option<(&'static str, String)>,
}

/// What of `rule` does not count, or counts as nobody means it, at its place in the rule.
fn of_rule(rule: &RuleSpec, policy: &Policy) -> Option<WithoutEffect> {
    let error = policy.check_own_rule(rule).err()?;
    let mut message = error.message();
    let mut missing = None;
    match &error {
        OwnRuleError::Wrong(wrong) => {
            // A condition that cannot be tested is missing its fact, and then a deny counts.
            let denies = rule.effect == Effect::Deny;
            match &wrong.kind {
                PolicyErrorKind::TypeMismatch { fact, expected } if denies => {
                    message = format!("the values of `{fact}` are {expected}, so {UNTESTED}");
                }
                PolicyErrorKind::Unknown { noun, name, .. } => {
                    if denies && error.path().first() == Some(&"when".into()) {
                        message = format!("{message}, so {UNTESTED}");
                    }
                    missing = Some((*noun, name.clone()));
                }
                _ => {}
            }
        }
        _ => message += ": no organization can make this one",
    }
    Some(WithoutEffect {
        path: error.path(),
        message,
        missing,
    })
}

/// What of `rule`, which fits the organization's own roles, names one of them in a condition: it would outlive it.
fn of_base(rule: &RuleSpec, base: &Policy) -> Option<WithoutEffect> {
    let about_facts = RuleSpec {
        roles: Vec::new(),
        ..rule.clone()
    };
    let error = base.check_own_rule(&about_facts).err()?;
    Some(WithoutEffect {
        path: error.path(),
        message: format!(
            "{} of the policy's: no organization can make this one",
            error.message()
        ),
        missing: None,
    })
}

impl WorldDocument {
    /// What in it the policy does not have, and so gives nothing.
    #[must_use]
    pub fn without_effect(&self, policy: &Policy, world: &World) -> Vec<WithoutEffect> {
        let roles = self.roles.iter().enumerate().filter_map(|(at, role)| {
            let error = policy.check_role(&role.into()).err()?;
            let missing = match &error {
                CustomRoleError::UnknownBase(id) => Some(("base", id.clone())),
                CustomRoleError::UnknownPermission(id) => Some(("permission", id.clone())),
                _ => None,
            };
            Some(WithoutEffect {
                path: vec!["roles".into(), at.into()],
                message: error.to_string(),
                missing,
            })
        });
        let rules = self.rules.iter().enumerate().filter_map(|(at, rule)| {
            let rule = RuleSpec::from(rule);
            let found = of_rule(&rule, world.policy());
            let mut found = found.or_else(|| of_base(&rule, policy))?;
            found.path = [vec!["rules".into(), at.into()], found.path].concat();
            Some(found)
        });
        let gone = world.gone_roles().iter().map(|(path, role)| WithoutEffect {
            path: path.clone(),
            message: format!(
                "there is no role `{role}`, so the grant makes a member and gives nothing"
            ),
            missing: Some(("role", role.clone())),
        });
        let is_full = !self.rules.is_empty() && !world.policy().has_room_for_conditions();
        let full = is_full.then(|| WithoutEffect {
            path: vec!["rules".into()],
            message: format!(
                "more than {} permissions under conditions, so some of them are not given",
                limits::CONDITIONAL_RIGHTS_MAX
            ),
            missing: None,
        });
        let tokens = self.tokens_without_effect(policy, world);
        roles
            .chain(rules)
            .chain(full)
            .chain(gone)
            .chain(self.caps_without_effect(world))
            .chain(tokens)
            .collect()
    }

    /// Grants of capped roles of the organization elsewhere, where the cap does not count.
    fn caps_without_effect(&self, world: &World) -> Vec<WithoutEffect> {
        let of = |list: &'static str, at: usize, grants: &[GrantDocument]| {
            let policy = world.policy();
            let grants = grants.iter().enumerate();
            let odd = grants.filter(|(_, grant)| {
                let role = policy.role(&grant.role);
                let role = role.and_then(|role| policy.describe_role(role));
                grant.node != self.organization
                    && role
                        .is_some_and(|role| role.level == Level::Organization && role.is_capped())
            });
            let said = odd.map(|(index, grant)| WithoutEffect {
                path: vec![list.into(), at.into(), "grants".into(), index.into()],
                message: format!(
                    "`{}` is a role of the organization; here its cap does not count",
                    grant.role
                ),
                missing: None,
            });
            said.collect::<Vec<_>>()
        };
        let principals = self.principals.iter().enumerate();
        let groups = self.groups.iter().enumerate();
        principals
            .flat_map(|(at, principal)| of("principals", at, &principal.grants))
            .chain(groups.flat_map(|(at, group)| of("groups", at, &group.grants)))
            .collect()
    }

    /// What tokens are narrowed to and is not there.
    fn tokens_without_effect(&self, policy: &Policy, world: &World) -> Vec<WithoutEffect> {
        let mut found = Vec::new();
        for (at, principal) in self.principals.iter().enumerate() {
            let Some(token) = &principal.token else {
                continue;
            };
            let mut add = |member: &[Step], noun, name: &str, effect: &str| {
                let path = ["principals".into(), at.into(), "token".into()];
                found.push(WithoutEffect {
                    path: [&path, member].concat(),
                    message: format!("there is no {noun} `{name}`, so {effect}"),
                    missing: Some((noun, name.into())),
                });
            };
            if let Some(node) = token.node.iter().find(|id| world.node(id).is_none()) {
                add(&["node".into()], "node", node, "the token reaches nothing");
            }
            for (index, id) in token.permissions.iter().flatten().enumerate() {
                if policy.permission(id).is_none() {
                    let member = ["permissions".into(), index.into()];
                    add(&member, "permission", id, "the token may nothing by it");
                }
            }
        }
        found
    }

    /// The names of all that messages about it call `noun`, as far as this world and `policy` have them.
    pub fn names<'a>(&'a self, noun: &str, policy: &'a Policy) -> Vec<&'a str> {
        match noun {
            "condition" => {
                let asked: BTreeSet<&str> = policy.facts_asked().collect();
                asked.into_iter().collect()
            }
            "fact" => {
                let directory = directory_facts().map(|name| -> &'a str { name });
                let known: BTreeSet<&str> = directory.chain(policy.facts_asked()).collect();
                known.into_iter().collect()
            }
            "feature" => policy.features().iter().map(String::as_str).collect(),
            "node" => core::iter::once(self.organization.as_str())
                .chain(self.nodes.iter().map(|node| node.id.as_str()))
                .collect(),
            "permission" => policy
                .permissions()
                .iter()
                .map(|known| &*known.id)
                .collect(),
            "principal" => self.principals.iter().map(|known| &*known.name).collect(),
            "base" => policy.roles().iter().map(|known| &*known.id).collect(),
            "role" => {
                let own = self.roles.iter();
                let own = own.filter(|role| policy.check_role(&(*role).into()).is_ok());
                let own = own.map(|known| &*known.id);
                let known = policy.roles().iter().map(|known| &*known.id);
                known.chain(own).collect()
            }
            _ => Vec::new(),
        }
    }
}

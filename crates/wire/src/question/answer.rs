//! The answers to questions about a world, and why some have none.

use alloc::string::String;
use core::fmt;

use lockstep_core::{
    FactType, Facts, Grant, Policy, Target, Value, World, fact_type, is_in_group, is_open_group,
};

use super::QuestionDocument;
use crate::{DecisionView, KindName, UnknownPermission, WorldDocument};

/// Why a question has no answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum QuestionError {
    /// No fact is called so.
    Fact(String),
    /// Nothing in the policy, or in the organization's rules, asks for the fact or the group of facts.
    FactUnused(String),
    /// The fact never has such a value.
    FactValue {
        /// The fact.
        fact: String,
        /// What its values are.
        expected: &'static str,
    },
    /// The world has no such node.
    Node(String),
    /// The policy has no such permission.
    Permission(UnknownPermission),
    /// Nobody in the world is called so.
    Principal(String),
    /// The value of a fact that is a role is none of the policy's.
    Role(String),
}

impl QuestionError {
    /// What was looked for, as [`WorldDocument::names`] calls it, and by which name.
    #[must_use]
    pub fn missing(&self) -> Option<(&'static str, &str)> {
        Some(match self {
            Self::Fact(name) => ("fact", name),
            Self::FactUnused(name) => ("condition", name),
            Self::FactValue { .. } => return None,
            Self::Node(id) => ("node", id),
            Self::Permission(UnknownPermission(id)) => ("permission", id),
            Self::Principal(name) => ("principal", name),
            Self::Role(id) => ("role", id),
        })
    }
}

impl fmt::Display for QuestionError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Fact(name) => write!(f, "there is no fact `{name}`"),
            Self::FactUnused(name) => write!(f, "no condition asks for `{name}`"),
            Self::FactValue { fact, expected } => {
                write!(f, "the values of `{fact}` are {expected}")
            }
            Self::Node(id) => write!(f, "there is no node `{id}`"),
            Self::Permission(error) => error.fmt(f),
            Self::Principal(name) => write!(f, "there is no principal `{name}`"),
            Self::Role(id) => write!(f, "there is no role `{id}`"),
        }
    }
}

impl core::error::Error for QuestionError {}

impl WorldDocument {
    /// The answer to `question` in `world`, which is this one, resolved.
    ///
    /// # Errors
    /// When it names a permission, a principal, a node or a fact that is not there, or states what nothing
    /// asks for: whatever is misspelt is denied, and a question that expects that would tell nothing.
    pub fn answer(
        &self,
        world: &World,
        question: &QuestionDocument,
    ) -> Result<DecisionView, QuestionError> {
        let name = &question.principal;
        let unknown = || QuestionError::Principal(name.clone());
        let principal = world.principal(name).ok_or_else(unknown)?;
        let mut facts = world.facts(principal);
        if let Some(target) = &question.target {
            facts.extend(&self.target_facts(world, name, target)?);
        }
        check_facts(world.policy(), &question.facts.0)?;
        facts.state(&question.facts.0, &[]);
        let node = question.node.as_ref().unwrap_or(&self.organization);
        if world.node(node).is_none() {
            return Err(QuestionError::Node(node.clone()));
        }
        DecisionView::decide(&world.access(principal), &question.permission, node, &facts)
            .map_err(QuestionError::Permission)
    }

    /// What the directory says about `target`, as `principal` sees them. It knows people who have a role on the
    /// organization by themselves, and says nothing of anybody else.
    ///
    /// # Errors
    /// When there is no such target.
    pub fn target_facts(
        &self,
        world: &World,
        principal: &str,
        target: &str,
    ) -> Result<Facts, QuestionError> {
        let mut principals = self.principals.iter();
        let member = principals.find(|known| known.name == target);
        let member = member.ok_or_else(|| QuestionError::Principal(target.into()))?;
        // One that is over, or has not begun, is not the role that they have.
        let mut grants = member.grants.iter().filter(|grant| {
            let grant = Grant::from(*grant);
            grant.window.contains(world.now_ms())
        });
        let role = grants.find(|grant| grant.node == self.organization);
        let Some(role) = role.filter(|_| member.kind == KindName::User) else {
            return Ok(Facts::default());
        };
        let role_id = role.role.as_str();
        let target = Target {
            role: world.policy().role(role_id),
            role_id,
            is_self: principal == target,
            is_creator: self.creator().is_some_and(|creator| creator == target),
            // Of interest to those who change a membership, not to guards.
            other_admins: 0,
            keeps_owner: true,
            record: None,
        };
        Ok(target.facts())
    }
}

/// Refuses facts that are none or cannot be, and such that callers state and no condition asks for.
///
/// # Errors
/// The first of them.
pub fn check_facts(policy: &Policy, facts: &Facts) -> Result<(), QuestionError> {
    let asks_within = |group: &str| policy.facts_asked().any(|asked| is_in_group(asked, group));
    for (name, value) in facts.iter() {
        let kind = fact_type(name).ok_or_else(|| QuestionError::Fact(name.into()))?;
        check_value(policy, name, kind, value)?;
        // A tag beside the one that is asked for is a fact, too.
        let groups = name.match_indices('.').filter_map(|(at, _)| name.get(..at));
        let mut groups = groups.filter(|group| fact_type(group).is_some());
        let is_asked = || policy.facts_asked().any(|asked| asked == name);
        if kind == FactType::Any && !is_asked() && !groups.any(asks_within) {
            return Err(QuestionError::FactUnused(name.into()));
        }
    }
    for group in facts.groups() {
        let has_facts = facts.iter().any(|(name, _)| is_in_group(name, group));
        if has_facts || asks_within(group) {
            continue;
        }
        let name = String::from(group);
        // As for a fact in it.
        return Err(if is_open_group(group) {
            QuestionError::FactUnused(name)
        } else {
            QuestionError::Fact(name)
        });
    }
    Ok(())
}

/// Refuses a value that the directory never states of a fact: no condition on it would say anything.
fn check_value(
    policy: &Policy,
    name: &str,
    kind: FactType,
    value: &Value,
) -> Result<(), QuestionError> {
    let expected = match (kind, value) {
        // The directory states an empty one of who has no role on the organization.
        (FactType::Role, Value::Text(id)) if !id.is_empty() && policy.role(id).is_none() => {
            return Err(QuestionError::Role(id.clone()));
        }
        (FactType::Any, _)
        | (FactType::Bool, Value::Bool(_))
        | (FactType::Integer, Value::Integer(_))
        | (FactType::Role | FactType::Text, Value::Text(_)) => return Ok(()),
        (FactType::Bool, _) => "true or false",
        (FactType::Integer, _) => "whole numbers",
        (FactType::Role, _) => "role ids",
        (FactType::Text, _) => "texts",
    };
    let fact = name.into();
    Err(QuestionError::FactValue { fact, expected })
}

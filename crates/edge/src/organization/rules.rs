//! Rules that the organization makes by itself, which allow or deny beside roles: list, read, create, edit, delete, and what a change would do.
//!
//! A rule is a row among the organization's own roles, so that code that knows of roles only cannot overlook one ([`customization`]).

use std::{cmp::Reverse, collections::BTreeSet};

use lockstep_core::{Operation, OwnPolicy, Policy, RuleSpec};
use lockstep_wire::{
    EffectName, ExportedRule, RuleChangeRequest, RuleDocument, RulePreviewRequest, RuleView,
};
use serde::{Deserialize, Serialize};

use super::{
    acting::{Acting, Change, FreshActing},
    customization::{self, IS_RULE},
    preview, roles,
};
use crate::{
    bounds,
    objects::Reply,
    paging::Range,
    problem::{ApiError, Code},
    sql::Row,
};

/// How many rules an organization makes: core takes 256, of which one is the organization's word on who invites.
pub(super) const RULES_MAX: usize = 200;
/// How long one rule may be as JSON, in bytes.
const RULE_BYTES_MAX: usize = 8_192;

/// What a member may change about the organization's own rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleChange {
    /// Creates one; answers `Written` with `RuleView`.
    Create(RuleDocument),
    /// Deletes one; answers `Written`.
    Delete {
        /// The rule.
        rule: String,
    },
    /// Changes one; answers `Written` with `RuleView`.
    Update {
        /// The rule.
        rule: String,
        /// What changes.
        change: RuleChangeRequest,
    },
}

/// What a member may ask about the organization's own rules.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RuleQuestion {
    /// All of them; answers a slice of `RuleView`.
    List {
        /// Which of them.
        range: Range<i64>,
    },
    /// What a change would give and take; answers `RulePreviewView`.
    Preview {
        /// The change.
        preview: RulePreviewRequest,
    },
    /// One of them; answers `RuleView`.
    Read {
        /// The rule.
        rule: String,
    },
}

impl RuleChange {
    /// The id of what it edits, which is there already.
    pub(super) fn edits(&self) -> Option<&str> {
        match self {
            Self::Create(_) => None,
            Self::Delete { rule } | Self::Update { rule, .. } => Some(rule),
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Create(rule) => save(acting, None, &ordered(rule)),
            Self::Delete { rule } => delete(acting, &find(acting, rule)?.0),
            Self::Update { rule, change } => {
                let (old, _) = find(acting, rule)?;
                save(acting, Some(&old), &changed(&old, change))
            }
        }
    }
}

impl RuleQuestion {
    pub(super) fn answer(&self, acting: &Acting<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::List { range } => {
                acting.permit(Operation::RuleRead, acting.access.root())?;
                list(acting, range)
            }
            Self::Preview { preview } => preview::of_rule(acting, preview),
            Self::Read { rule } => {
                let (rule, epoch) = find(acting, rule)?;
                Reply::of(&view(acting, rule, epoch))
            }
        }
    }
}

fn list(acting: &Acting<'_>, range: &Range<i64>) -> Result<Reply, ApiError> {
    let select = format!(
        "SELECT rowid AS place, definition, epoch FROM custom_role
        WHERE rowid > ? AND {IS_RULE} ORDER BY rowid LIMIT ?"
    );
    let after = range.after.unwrap_or_default();
    let rows = acting.rows(&select, &[after.into(), range.rows().into()])?;
    let position = |row: &Row| Ok::<_, ApiError>(row.integer("place")?);
    Reply::of(&range.fill(&rows, position, |row| {
        let rule = customization::read_rule(row)?;
        Ok(Some(view(acting, rule, row.integer("epoch")?)))
    })?)
}

/// The rule called `id` and the epoch of its last change, for who may see the rules; else 404.
pub(super) fn find(acting: &Acting<'_>, id: &str) -> Result<(RuleDocument, i64), ApiError> {
    if !acting.may(Operation::RuleRead, acting.access.root()) {
        return Err(ApiError::not_found());
    }
    let select = format!("SELECT definition, epoch FROM custom_role WHERE id = ? AND {IS_RULE}");
    let row = acting.row(&select, &[id.into()])?;
    let row = row.ok_or_else(ApiError::not_found)?;
    Ok((customization::read_rule(&row)?, row.integer("epoch")?))
}

fn view(acting: &Acting<'_>, rule: RuleDocument, epoch: i64) -> RuleView {
    let policy = acting.access.policy();
    let roles = rule.roles.iter().filter(|id| policy.role(id).is_none());
    let roles = roles.cloned().collect();
    let permissions = customization::gone_permissions(policy, &rule.permissions);
    RuleView::new(rule, roles, permissions, epoch)
}

/// `rule` after `change`. Its effect stays.
pub(super) fn changed(rule: &RuleDocument, change: &RuleChangeRequest) -> RuleDocument {
    let RuleChangeRequest {
        roles,
        permissions,
        when,
        because,
    } = change.clone();
    ordered(&RuleDocument {
        roles: roles.unwrap_or_else(|| rule.roles.clone()),
        permissions: permissions.unwrap_or_else(|| rule.permissions.clone()),
        when: when.unwrap_or_else(|| rule.when.clone()),
        because: because.unwrap_or_else(|| rule.because.clone()),
        ..rule.clone()
    })
}

/// `rule` with each role and permission once.
pub(super) fn ordered(rule: &RuleDocument) -> RuleDocument {
    let once = |ids: &[String]| {
        let ids: BTreeSet<&String> = ids.iter().collect();
        ids.into_iter().cloned().collect()
    };
    RuleDocument {
        roles: once(&rule.roles),
        permissions: once(&rule.permissions),
        ..rule.clone()
    }
}

/// Whether the organization may save `rule`.
pub(super) fn check(acting: &Acting<'_>, rule: &RuleDocument) -> Result<(), ApiError> {
    bounds::sentence("because", &rule.because)?;
    let text = customization::rule_text(rule)?;
    if text.len() > RULE_BYTES_MAX {
        let detail = format!(
            "A rule may have {RULE_BYTES_MAX} bytes, and this one {}.",
            text.len()
        );
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let spec = RuleSpec::from(rule);
    // The roles that it is for may be the organization's own; what a condition tests for outlives those.
    let about_facts = RuleSpec {
        roles: Vec::new(),
        ..spec.clone()
    };
    let own = customization::made_of(&acting.own_roles()?, &[]);
    let own = OwnPolicy::new(acting.base(), &own)
        .map_err(|error| ApiError::internal(format!("own roles: {error}")))?;
    own.check_own_rule(&spec)
        .and_then(|()| acting.base().check_own_rule(&about_facts))
        .map_err(|error| {
            let detail = format!("The rule cannot be saved: {error}.");
            ApiError::new(Code::InvalidValue, detail)
        })
}

fn save(
    acting: &FreshActing<'_>,
    old: Option<&RuleDocument>,
    rule: &RuleDocument,
) -> Result<Reply, ApiError> {
    // Who may not is told so before what is wrong with the rule.
    acting.permit(Operation::RuleManage, acting.access.root())?;
    check(acting, rule)?;
    if old.is_none() && acting.saved_rules()?.len() >= RULES_MAX {
        let detail = format!("There may be {RULES_MAX} rules.");
        return Err(ApiError::new(Code::LimitReached, detail));
    }
    let permitted = acting.change_rule(old, Some(rule))?;
    if old.is_some_and(|old| old == rule) {
        return acting.unchanged(view(acting, rule.clone(), roles::epoch(acting, &rule.id)?));
    }
    let change = acting.change(permitted)?;
    write(&change, rule)?;
    publish(&change)?;
    let view = view(acting, rule.clone(), change.epoch);
    change.finish(view)
}

fn delete(acting: &FreshActing<'_>, rule: &RuleDocument) -> Result<Reply, ApiError> {
    let permitted = acting.change_rule(Some(rule), None)?;
    let change = acting.change(permitted)?;
    let end = "DELETE FROM custom_role WHERE id = ?";
    change.exec(end, &[(&rule.id).into()])?;
    publish(&change)?;
    change.finish(())
}

/// When a rule's turn is among those of a file, of which each is made on those before it: what is allowed comes before it is denied, and what binds even who holds everything last. Of that what is for more roles comes first, because it would not free those that the others bind.
pub(super) fn turn(policy: &Policy, rule: &ExportedRule) -> (bool, bool, Reverse<usize>) {
    let is_deny = rule.effect == EffectName::Deny;
    let mut overriding = policy.roles().iter().filter(|role| role.overriding);
    let binds_everything = overriding.any(|role| rule.roles.contains(&role.id));
    let is_last = is_deny && binds_everything;
    let roles = if is_last { rule.roles.len() } else { 0 };
    (is_deny, is_last, Reverse(roles))
}

/// Writes a rule down; whoever has written all of them publishes them.
pub(super) fn write(change: &Change<'_>, rule: &RuleDocument) -> Result<(), ApiError> {
    roles::define(change, &rule.id, customization::rule_text(rule)?)
}

/// Marks roles and rules as changed. Of which nodes somebody need know may be another question now, and what is in KV lists only those.
pub(super) fn publish(change: &Change<'_>) -> Result<(), ApiError> {
    change.renew_nodes()?;
    roles::publish(change)
}

/// `rules` with `new` in the place of the role `old`. Without a new one an allow rule gives nothing by the old one any more.
///
/// # Errors
/// 409 when a deny rule would be for a role that is gone.
pub(super) fn renamed(
    rules: &[RuleDocument],
    old: &str,
    new: Option<&str>,
) -> Result<Vec<RuleDocument>, ApiError> {
    let rename = |rule: &RuleDocument| {
        let is_named = rule.roles.iter().any(|role| role == old);
        let Some(new) = new.filter(|_| is_named) else {
            if is_named && rule.effect == EffectName::Deny {
                let detail = "A deny rule is for this role. Say which role takes its place (`reassign`), or change the rule first.";
                return Err(ApiError::new(Code::Conflict, detail));
            }
            return Ok(rule.clone());
        };
        let kept = rule.roles.iter().filter(|role| *role != old).cloned();
        Ok(ordered(&RuleDocument {
            roles: kept.chain([new.to_owned()]).collect(),
            ..rule.clone()
        }))
    };
    rules.iter().map(rename).collect()
}

/// The rules that name the role `old`, with `new` in its place: whoever deletes the role changes them, and must be allowed to.
pub(super) fn reassigned(
    acting: &Acting<'_>,
    old: &str,
    new: Option<&str>,
) -> Result<Vec<RuleDocument>, ApiError> {
    let rules = acting.saved_rules()?;
    let mut changed = Vec::new();
    for (rule, renamed) in rules.iter().zip(renamed(&rules, old, new)?) {
        if *rule != renamed {
            acting.change_rule(Some(rule), Some(&renamed))?;
            changed.push(renamed);
        }
    }
    Ok(changed)
}

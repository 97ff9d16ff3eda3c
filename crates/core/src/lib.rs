//! Lockstep's permission evaluator.
//!
//! A [`Policy`] says which permissions exist and which roles hold them. A [`Record`] says what one
//! principal was granted inside one organization. [`Access`] is the two resolved at one moment, and
//! [`evaluate()`] answers one question about it, with the reason.
//!
//! This crate does no I/O, reads no clock, draws no random number and knows no wire format: the same
//! inputs give the same decision natively, in workerd and in the browser. Documents and JSON live in
//! `lockstep-wire`, storage and HTTP in `lockstep-edge`.
//!
//! Ada is Admin of an organization, Ben is Member; both meet the same question.
//!
//! ```
//! use std::sync::Arc;
//!
//! use lockstep_core::{
//!     Access, Decision, Facts, Grant, Level, Node, PermissionSpec, Policy, PolicySpec, Record,
//!     RoleSpec, evaluate,
//! };
//!
//! let policy = Arc::new(Policy::compile(&PolicySpec {
//!     id: "example".into(),
//!     roles: vec![
//!         RoleSpec { id: "admin".into(), admin: true, ..RoleSpec::new(Level::Organization) },
//!         RoleSpec { id: "member".into(), ..RoleSpec::new(Level::Organization) },
//!     ],
//!     permissions: vec![PermissionSpec {
//!         id: "members.invite".into(),
//!         allow: vec!["admin".into()],
//!         ..PermissionSpec::new(Level::Organization)
//!     }],
//!     ..PolicySpec::default()
//! })?);
//! let invite = policy.permission("members.invite").ok_or("unknown permission")?;
//! let access = |principal: &str, role: &str| {
//!     let record = Record {
//!         principal: principal.into(),
//!         nodes: vec![Node::organization("org")],
//!         grants: vec![Grant::new(role, "org")],
//!         ..Record::default()
//!     };
//!     Access::resolve(&policy, record, 0)
//! };
//!
//! let (ada, ben) = (access("ada", "admin")?, access("ben", "member")?);
//! let root = ada.root();
//! assert!(evaluate(&ada, invite, root, &Facts::default()).is_allow());
//! let Decision::Deny(denial) = evaluate(&ben, invite, root, &Facts::default()) else {
//!     return Err("Ben may not invite".into());
//! };
//! assert_eq!(denial.reason.code(), "no-grant");
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
#![no_std]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod access;
mod assignment;
mod bits;
mod compile;
mod custom;
mod decision;
mod delegate;
mod diff;
mod error;
mod evaluate;
mod explain;
mod fact;
mod glob;
mod grant;
mod guard;
mod hierarchy;
mod holdings;
mod index;
mod invitation;
mod issuer;
mod level;
pub mod limits;
mod lint;
mod lower;
mod matrix;
mod membership;
mod operation;
mod organization;
mod own_rule;
mod parts;
mod policy;
mod rows;
mod rule;
mod search;
mod sorted;
mod spec;
mod world;

pub use access::{Access, NodeView};
pub use assignment::{
    Assignment, Move, assign, define_role, enter_group, grant_account, keeps_workspace,
    leave_group, relocate, replace_role, show_key, transfer,
};
pub use bits::Bits;
pub use compile::is_id;
pub use custom::{CustomRole, CustomRoleError, Customization, OwnPolicy};
pub use decision::{Allowance, Decision, Denial, DenyReason, Source, Suggestion};
pub use delegate::{DelegationError, can_delegate, can_hand_over, can_transfer};
pub use diff::{Change, PermissionChange, PrincipalChanges, Standing, diff};
pub use error::{PolicyError, PolicyErrorKind, RecordError, Step};
pub use evaluate::{evaluate, evaluate_on, mask, masks, verdict};
pub use fact::{
    FactType, Facts, Knowledge, Stated, Value, directory_facts, fact_type, is_in_group,
    is_open_group,
};
pub use grant::{Grant, Node, PackedNode, PackedNodes, PrincipalKind, Record, TokenLimit, Window};
pub use guard::{Condition, Guard, Outcome, Test};
pub use hierarchy::NodeId;
pub use invitation::{
    Invitation, InvitationError, InvitationState, InvitationStatus, Offer,
    let_workspace_admins_invite, may_link, workspace_admins_invite,
};
pub use issuer::{may_admit, may_open_domain, save_domain, save_issuer};
pub use level::Level;
pub use lint::{Finding, FindingKind, lint};
pub use matrix::{Cell, MatrixRow, matrix};
pub use membership::{MembershipError, Target, change_role, leave, remove, restore, suspend};
pub use operation::Operation;
pub use organization::{has_room, revive, transfer_organization};
pub use own_rule::{OwnRuleError, RuleChange, change_rule};
pub use parts::{
    Assembly, DenialParts, PermissionParts, PolicyParts, ReplacementParts, RoleParts, RuleParts,
};
pub use policy::{Case, Permission, PermissionId, Policy, Role, RoleId, Rule};
pub use spec::{
    CaseSpec, ConditionalSpec, Effect, PermissionSpec, PolicySpec, ReplacementSpec, RoleSpec,
    RuleSpec,
};
pub use world::{
    GroupSpec, PrincipalId, PrincipalSpec, World, WorldError, WorldErrorKind, WorldNode, WorldSpec,
};

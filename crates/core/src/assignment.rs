//! What is granted on the nodes of an organization. Pure transitions; the caller stores.

use alloc::vec::Vec;

use crate::delegate::{can_define, can_lift_cap};
use crate::membership::{fits, permit_on};
use crate::{
    Access, CustomRole, DelegationError, Facts, Grant, Level, MembershipError, NodeId, Operation,
    Record, RoleId, Value, Window, can_delegate, can_hand_over, can_transfer,
};

/// A change of what somebody, or an access group, was granted on one node.
#[derive(Clone, Debug)]
pub struct Assignment<'a> {
    /// What the change needs on the node: [`Operation::WorkspaceMemberManage`], for example.
    pub operation: Operation,
    /// The node.
    pub node: NodeId,
    /// The roles there that end, and when each counts: also those that begin again under another window.
    pub old: &'a [(RoleId, Window)],
    /// The role there that begins, and when it counts.
    pub new: Option<(RoleId, Window)>,
    /// The facts that are known about the change.
    pub facts: Facts,
}

/// Whether `actor` may do it. What begins must be held by the actor on the node, and so on every node
/// below (law 5); and so must be what the old roles held back by deny rules and the new one does not.
///
/// # Errors
/// The first reason against it.
pub fn assign(actor: &Access, assignment: &Assignment<'_>) -> Result<(), MembershipError> {
    let Assignment {
        operation,
        node,
        old,
        new,
        ..
    } = *assignment;
    let mut facts = assignment.facts.clone();
    let described = new.and_then(|(role, _)| actor.policy().describe_role(role));
    if let Some(role) = described {
        facts.set("grant.role", Value::Text(role.id.clone()));
    }
    permit_on(actor, operation, node, &facts)?;
    replace(actor, node, old, new)
}

/// Law 5 for a role that begins on `node` and those that end there. While an old one would have counted and the
/// new one does not, nothing is in its place.
fn replace(
    actor: &Access,
    node: NodeId,
    old: &[(RoleId, Window)],
    new: Option<(RoleId, Window)>,
) -> Result<(), MembershipError> {
    let described = new.and_then(|(role, _)| actor.policy().describe_role(role));
    // The organization's own roles are for its members, on the organization itself.
    if described.is_some_and(|role| role.level == Level::Organization) {
        return Err(MembershipError::NotAssignable);
    }
    let delegated = new.map_or(Ok(()), |(role, _)| can_delegate(actor, role, node));
    let mut lifted = old.iter().map(|(old, window)| {
        let instead = new.filter(|(_, new)| new.covers(window, actor.now_ms()));
        can_lift_cap(actor, None, *old, instead.map(|(role, _)| role), node)
    });
    delegated
        .and_then(|()| lifted.find(Result::is_err).unwrap_or(Ok(())))
        .map_err(MembershipError::Delegation)
}

/// Whether `actor` may put somebody into an access group of `home` that was granted `grants`: all of that
/// is handed out by it (law 5).
///
/// # Errors
/// The first reason against it; [`DelegationError::Unknown`] where a grant is on a node that `actor` was not
/// resolved on, as one of a snapshot is on those that its principal need know of only. A grant on a node that was
/// deleted gives nothing, so the caller leaves it out.
pub fn enter_group(
    actor: &Access,
    home: NodeId,
    grants: &[Grant],
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit_on(actor, Operation::GroupManage, home, facts)?;
    each(actor, grants, &can_delegate).map_err(MembershipError::Delegation)
}

/// Whether `actor` may take somebody out of an access group of `home` that was granted `grants`, or delete
/// it: what deny rules took because of these roles comes to life.
///
/// # Errors
/// As of [`enter_group`].
pub fn leave_group(
    actor: &Access,
    home: NodeId,
    grants: &[Grant],
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit_on(actor, Operation::GroupManage, home, facts)?;
    each(actor, grants, &|actor, role, node| {
        can_lift_cap(actor, None, role, None, node)
    })
    .map_err(MembershipError::Delegation)
}

/// Whether `actor` may save `role` for the organization (law 5). `asked` says whether they manage roles: it is
/// the actor, under a plan that has everything where the role only gets narrower. A plan takes away what it
/// gives, and not the way to be rid of it.
///
/// # Errors
/// The first reason against it.
pub fn define_role(
    actor: &Access,
    asked: &Access,
    role: &CustomRole,
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit_on(asked, Operation::RoleManage, asked.root(), facts)?;
    can_define(actor, role).map_err(MembershipError::Delegation)
}

/// Whether `actor` may delete the role `old` (`None`: one that holds nothing any more), which was granted
/// on `nodes`, and put `new` in its place there. `asked` is as for [`define_role`]: with its place taken or
/// not, a role is gone.
///
/// # Errors
/// The first reason against it.
pub fn replace_role(
    actor: &Access,
    asked: &Access,
    old: Option<RoleId>,
    new: Option<RoleId>,
    nodes: &[NodeId],
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit_on(asked, Operation::RoleManage, asked.root(), facts)?;
    // Each of those who held it holds the new one as long.
    let always = |role| (role, Window::default());
    let (old, new): (Vec<_>, _) = (old.into_iter().map(always).collect(), new.map(always));
    let mut replaced = nodes.iter().map(|node| replace(actor, *node, &old, new));
    replaced.find(Result::is_err).unwrap_or(Ok(()))
}

/// Whether `actor` may grant a service account `grants` and nothing else. Each role is one that can be held
/// on that node, and the actor hands out all of them (law 5), those that stay as they are included. What the account
/// has by itself (`account`, absent for one that begins) and the grants that end held back, comes to life: the actor
/// holds that, too.
///
/// # Errors
/// The first reason against it; [`DelegationError::Unknown`] where a grant is of no role or on no node of which
/// `actor` was resolved.
pub fn grant_account(
    actor: &Access,
    account: Option<&Record>,
    grants: &[Grant],
    facts: &Facts,
) -> Result<(), MembershipError> {
    permit_on(actor, Operation::ServiceAccountManage, actor.root(), facts)?;
    for grant in grants {
        let role = actor.policy().role(&grant.role);
        let (Some(role), Some(node)) = (role, actor.node(&grant.node)) else {
            return Err(MembershipError::Delegation(DelegationError::Unknown));
        };
        fits(actor, role, node)?;
        can_delegate(actor, role, node).map_err(MembershipError::Delegation)?;
    }
    let Some(account) = account else {
        return Ok(());
    };
    let after = Record {
        grants: grants.to_vec(),
        ..account.clone()
    };
    let ends = |grant: &Grant| {
        each(actor, core::slice::from_ref(grant), &|actor, old, node| {
            let instead = grants.iter().filter(|new| new.node == grant.node);
            let mut instead = instead
                .filter(|new| new.window.covers(&grant.window, actor.now_ms()))
                .filter_map(|new| actor.policy().role(&new.role));
            let lifts = |new| can_lift_cap(actor, Some(&after), old, new, node);
            if instead.any(|new| lifts(Some(new)).is_ok()) {
                Ok(())
            } else {
                lifts(None)
            }
        })
    };
    let ended = account.grants.iter().try_for_each(ends);
    ended.map_err(MembershipError::Delegation)
}

/// Whether `actor` may be shown the secret of a service key that acts as `holder`, within its token: whoever
/// knows it can do what it gives (law 5).
///
/// # Errors
/// The first reason against it; [`DelegationError::Unknown`] as of [`can_hand_over`].
pub fn show_key(actor: &Access, holder: &Record, facts: &Facts) -> Result<(), MembershipError> {
    permit_on(actor, Operation::ServiceKeyManage, actor.root(), facts)?;
    can_hand_over(actor, holder).map_err(MembershipError::Delegation)
}

/// What `check` says of each of `grants` that counts for anything, or will: of roles that are there, and not over.
/// What `actor` holds on a node that they were not resolved on, nobody knows.
pub(crate) fn each(
    actor: &Access,
    grants: &[Grant],
    check: &dyn Fn(&Access, RoleId, NodeId) -> Result<(), DelegationError>,
) -> Result<(), DelegationError> {
    let counts = |grant: &&Grant| !grant.window.is_over(actor.now_ms());
    grants.iter().filter(counts).try_for_each(|grant| {
        let Some(role) = actor.policy().role(&grant.role) else {
            return Ok(());
        };
        let node = actor.node(&grant.node).ok_or(DelegationError::Unknown)?;
        check(actor, role, node)
    })
}

/// A project that goes from one workspace to another.
#[derive(Clone, Debug)]
pub struct Move<'a> {
    /// The project.
    pub node: NodeId,
    /// The workspace that it goes to.
    pub to: NodeId,
    /// What is granted on that workspace: it begins to count on the project.
    pub begins: &'a [Grant],
    /// What is granted on the workspace that it leaves, and on the project to groups of that one: it ends there.
    pub ends: &'a [Grant],
}

/// Whether `actor` may move a project. They take it from where it is and create it where it goes; what begins to
/// count on it they hold there, and so what ends held back (law 5 at both ends).
///
/// # Errors
/// The first reason against it.
pub fn relocate(actor: &Access, moved: &Move<'_>, facts: &Facts) -> Result<(), MembershipError> {
    let Move { node, to, .. } = *moved;
    permit_on(actor, Operation::ProjectDelete, node, facts)?;
    permit_on(actor, Operation::ProjectCreate, to, facts)?;
    let role = |grant: &Grant| actor.policy().role(&grant.role);
    let mut begins = moved.begins.iter().filter_map(role);
    let mut ends = moved.ends.iter().filter_map(role);
    begins
        .try_for_each(|role| can_delegate(actor, role, node))
        .and_then(|()| ends.try_for_each(|role| can_lift_cap(actor, None, role, None, node)))
        .map_err(MembershipError::Delegation)
}

/// Whether an organization with `workspaces` of them may lose one: the only one stays.
#[must_use]
pub const fn keeps_workspace(workspaces: usize) -> bool {
    workspaces > 1
}

/// Whether `actor` may make somebody else the owner of `node`. What ownership gives is handed out by that,
/// whoever owned it before (law 5).
///
/// # Errors
/// The first reason against it.
pub fn transfer(actor: &Access, node: NodeId, facts: &Facts) -> Result<(), MembershipError> {
    permit_on(actor, Operation::ProjectTransfer, node, facts)?;
    can_transfer(actor, node).map_err(MembershipError::Delegation)
}

//! Who acts in which organization, and the only way from there to a change.
//!
//! What is built on this sees no database: it reads rows through [`Acting`] and writes through [`Change`], which nobody has without what core permitted.

mod accounts;
mod notices;
mod people;
mod proof;
mod rules;
mod whole;
mod word;

use std::sync::Arc;

use lockstep_core::{
    Access, Assignment, CustomRole, Facts, Grant, Level, Move, NodeId, Operation, Policy, Record,
    RoleId, Target, assign, define_role, enter_group, leave_group, relocate, replace_role, restore,
    save_issuer, suspend, transfer,
};
use lockstep_wire::{CustomRoleRecord, MemberView, OrganizationView};
use serde::Serialize;

pub(super) use proof::{Permitted, permit, permit_on, rest_on};
pub(super) use word::Word;

use super::{
    Actor, FreshActor,
    actor::{self, access, directory_facts},
    admission,
    customization::{self, StoredRoles},
    holdings, invitations, members,
    plan::Plan,
    profile,
    store::{self, Member, Organization, committed, next_epoch, organization},
};
use crate::{
    config::Config,
    objects::{Context, Reply},
    problem::{ApiError, Code},
    sql::{Row, Value},
};

/// A member who acts, resolved on the rows as they are at this instant.
pub(super) struct Acting<'a> {
    context: &'a Context<'a>,
    actor: &'a Actor,
    pub(super) organization: Organization,
    pub(super) access: Access,
    facts: Facts,
}

/// A member whose credential was checked during the request: only they begin a [`Change`].
pub(super) struct FreshActing<'a> {
    acting: Acting<'a>,
    actor: &'a FreshActor,
}

impl<'a> Acting<'a> {
    /// Who is no member is told nothing: 404.
    pub(super) fn begin(context: &'a Context<'a>, actor: &'a Actor) -> Result<Self, ApiError> {
        Self::of(context, actor, organization(context)?)
    }

    /// As [`Self::begin`], in the organization as it was read.
    pub(super) fn of(
        context: &'a Context<'a>,
        actor: &'a Actor,
        organization: Organization,
    ) -> Result<Self, ApiError> {
        let access = access(context, &organization, actor)?;
        Ok(Self {
            facts: directory_facts(context, &organization, &actor.principal)?,
            context,
            actor,
            organization,
            access,
        })
    }

    pub(super) fn principal(&self) -> &str {
        &self.actor.principal
    }

    pub(super) const fn now_ms(&self) -> i64 {
        self.context.now_ms
    }

    /// The rows of a SELECT.
    pub(super) fn rows(&self, select: &str, values: &[Value]) -> Result<Vec<Row>, ApiError> {
        if !select.trim_start().starts_with("SELECT ") {
            return Err(ApiError::internal("a change without a permission"));
        }
        Ok(self.context.sql.exec(select, values)?)
    }

    /// The row of a SELECT that gives none or one.
    pub(super) fn row(&self, select: &str, values: &[Value]) -> Result<Option<Row>, ApiError> {
        Ok(self.rows(select, values)?.pop())
    }

    /// How many rows a SELECT of a COUNT counts, which it calls `count`.
    pub(super) fn count(&self, select: &str, values: &[Value]) -> Result<i64, ApiError> {
        let row = self.row(select, values)?;
        Ok(row.map_or(Ok(0), |row| row.integer("count"))?)
    }

    /// The answer to an edit of what is so already: no epoch is taken, and nobody is told.
    pub(super) fn unchanged<T: Serialize>(&self, value: T) -> Result<Reply, ApiError> {
        store::written(self.organization.epoch, value)
    }

    /// Whether the actor may do `operation` on `node`; else 403 with the decision.
    pub(super) fn permit(&self, operation: Operation, node: NodeId) -> Result<Permitted, ApiError> {
        permit_on(self.context, &self.access, operation, node, &self.facts)
    }

    /// As [`Self::permit`], where the answer alone counts.
    pub(super) fn may(&self, operation: Operation, node: NodeId) -> bool {
        self.permit(operation, node).is_ok()
    }

    /// The node called `id`, if it is of `level` and the actor may do `read` on it; else 404.
    pub(super) fn node(&self, id: &str, level: Level, read: Operation) -> Result<NodeId, ApiError> {
        let node = self.access.node(id);
        let node = node.filter(|node| self.access.level(*node) == Some(level));
        node.filter(|node| self.may(read, *node))
            .ok_or_else(ApiError::not_found)
    }

    /// Whether the actor's token, if it is one, leaves anything on `node` or below it.
    pub(super) fn reaches_into(&self, node: NodeId) -> bool {
        actor::reaches_into(self.actor, &self.access, node)
    }

    /// The member called `user`, for who may see the members; else 404.
    pub(super) fn member(&self, user: &str) -> Result<Member, ApiError> {
        self.permit(Operation::MemberRead, self.access.root())
            .map_err(|_| ApiError::not_found())?;
        store::member(self.context, user)?.ok_or_else(ApiError::not_found)
    }

    /// The organization as the actor sees it, on the rows as they are now.
    pub(super) fn organization_view(&self) -> Result<OrganizationView, ApiError> {
        let organization = organization(self.context)?;
        profile::view(self.context, &organization, self.principal())
    }

    /// `member` as the actor sees them.
    pub(super) fn view(&self, member: &Member) -> MemberView {
        let policy = self.access.policy();
        members::view(policy, &self.organization, self.actor, member)
    }

    /// `member` as core wants to know it.
    pub(super) fn target<'m>(&self, member: &'m Member) -> Result<Target<'m>, ApiError> {
        let policy = self.access.policy();
        let person = self.actor.person();
        actor::target(self.context, policy, &self.organization, person, member)
    }

    /// Refuses one workspace more than the plan has.
    pub(super) fn require_workspace(&self) -> Result<(), ApiError> {
        Plan::of(self.context, &self.organization).require_workspace(self.context)
    }

    /// The policy without what the organization added.
    pub(super) fn base(&self) -> &Arc<Policy> {
        &self.context.config.policy.policy
    }

    /// The deployment's configuration.
    pub(super) const fn config(&self) -> &Config {
        self.context.config
    }

    /// The digest of the policy.
    pub(super) fn digest(&self) -> &str {
        &self.context.config.policy.digest
    }

    /// The roles that the organization made, the oldest first.
    pub(super) fn own_roles(&self) -> Result<Vec<CustomRoleRecord>, ApiError> {
        customization::roles(self.context)
    }

    /// The role called `id`, or 400: an unknown role is an error, not a deny.
    pub(super) fn role(&self, id: &str) -> Result<RoleId, ApiError> {
        self.access.policy().role(id).ok_or_else(|| {
            let detail = "There is no such role in this organization.";
            ApiError::new(Code::UnknownRole, detail)
        })
    }

    /// The name of the role called `id`, or the id of one that is gone.
    pub(super) fn role_name(&self, id: &str) -> String {
        customization::role_name(self.access.policy(), id)
    }

    /// All that `principal` was granted.
    pub(super) fn record(&self, principal: &str) -> Result<Record, ApiError> {
        holdings::record(self.context, &self.organization, principal)
    }

    /// As [`Self::record`], without what names a node that is gone.
    pub(super) fn record_on_nodes(&self, principal: &str) -> Result<Record, ApiError> {
        let record = self.record(principal)?;
        Ok(Record {
            grants: holdings::on_nodes_of(&self.access, record.grants),
            ..record
        })
    }

    /// Core's [`assign`], with the facts of the directory beside those of the assignment.
    pub(super) fn assign(&self, assignment: Assignment<'_>) -> Result<Permitted, ApiError> {
        let assignment = Assignment {
            facts: self.among(&assignment.facts),
            ..assignment
        };
        self.permitted(assign(&self.access, &assignment))
    }

    /// Core's [`transfer`], to whom `about` is about.
    pub(super) fn transfer(&self, node: NodeId, about: &Facts) -> Result<Permitted, ApiError> {
        let transferred = transfer(&self.access, node, &self.among(about));
        self.permitted(transferred)
    }

    /// Core's [`relocate`].
    pub(super) fn relocate(&self, moved: &Move<'_>) -> Result<Permitted, ApiError> {
        let relocated = relocate(&self.access, moved, &self.facts);
        self.permitted(relocated)
    }

    /// How many workspaces there are.
    pub(super) fn workspaces(&self) -> Result<usize, ApiError> {
        store::workspaces(self.context)
    }

    /// Core's [`enter_group`].
    pub(super) fn enter_group(
        &self,
        home: NodeId,
        grants: &[Grant],
        about: &Facts,
    ) -> Result<Permitted, ApiError> {
        let entered = enter_group(&self.access, home, grants, &self.among(about));
        self.permitted(entered)
    }

    /// Core's [`leave_group`].
    pub(super) fn leave_group(
        &self,
        home: NodeId,
        grants: &[Grant],
        about: &Facts,
    ) -> Result<Permitted, ApiError> {
        let left = leave_group(&self.access, home, grants, &self.among(about));
        self.permitted(left)
    }

    /// Core's [`define_role`], of one that gives no more than before where it `narrows`.
    pub(super) fn define_role(
        &self,
        role: &CustomRole,
        narrows: bool,
    ) -> Result<Permitted, ApiError> {
        let any = narrows.then(|| self.under_any_plan()).transpose()?;
        let asked = any.as_ref().unwrap_or(&self.access);
        self.permitted(define_role(&self.access, asked, role, &self.facts))
    }

    /// Core's [`replace_role`]; a role that ends does so under any plan.
    pub(super) fn replace_role(
        &self,
        old: Option<RoleId>,
        new: Option<RoleId>,
        nodes: &[NodeId],
    ) -> Result<Permitted, ApiError> {
        let asked = self.under_any_plan()?;
        let replaced = replace_role(&self.access, &asked, old, new, nodes, &self.facts);
        self.permitted(replaced)
    }

    /// Core's [`save_issuer`]; the role is one of the policy's, which no organization takes away.
    pub(super) fn save_issuer(
        &self,
        role: Option<&str>,
        held: &Record,
    ) -> Result<Permitted, ApiError> {
        let known = |role| members::known_role(self.context, role);
        let saved = save_issuer(
            &self.access,
            role.map(known).transpose()?,
            held,
            &self.facts,
        );
        self.permitted(saved)
    }

    /// Whether somebody comes in on the word of an issuer.
    pub(super) fn admits(&self, stored: &admission::Stored) -> Result<bool, ApiError> {
        admission::admits(self.context, &self.organization, stored)
    }

    /// Core's [`suspend`].
    pub(super) fn suspend(&self, target: &Target<'_>) -> Result<Permitted, ApiError> {
        self.permitted(suspend(&self.access, target, &self.facts))
    }

    /// Core's [`restore`].
    pub(super) fn restore(
        &self,
        target: &Target<'_>,
        record: &Record,
    ) -> Result<Permitted, ApiError> {
        let restored = restore(&self.access, target, record, &self.facts);
        self.permitted(restored)
    }
}

impl<'a> std::ops::Deref for FreshActing<'a> {
    type Target = Acting<'a>;

    fn deref(&self) -> &Acting<'a> {
        &self.acting
    }
}

impl<'a> FreshActing<'a> {
    /// Who is no member is told nothing: 404.
    pub(super) fn begin(context: &'a Context<'a>, actor: &'a FreshActor) -> Result<Self, ApiError> {
        Self::of(context, actor, organization(context)?)
    }

    /// As [`Self::begin`], in the organization as it was read.
    pub(super) fn of(
        context: &'a Context<'a>,
        actor: &'a FreshActor,
        organization: Organization,
    ) -> Result<Self, ApiError> {
        Ok(Self {
            acting: Acting::of(context, actor, organization)?,
            actor,
        })
    }

    /// The same actor on the rows as they are now.
    pub(super) fn anew(&self) -> Result<Self, ApiError> {
        Self::begin(self.context, self.actor)
    }

    /// Begins the change that was permitted.
    pub(super) fn change(&self, permitted: Permitted) -> Result<Change<'_>, ApiError> {
        self.change_of(permitted, None)
    }

    /// As [`Self::change`]; goes on with the transaction that has led to `epoch`, if there is one.
    pub(super) fn change_of(
        &self,
        _: Permitted,
        epoch: Option<i64>,
    ) -> Result<Change<'_>, ApiError> {
        Ok(Change {
            epoch: epoch.map_or_else(|| next_epoch(self.context), Ok)?,
            acting: self,
        })
    }
}

/// A change under way. Whatever is written before [`Self::finish`] is one transaction.
pub(super) struct Change<'a> {
    pub(super) acting: &'a FreshActing<'a>,
    pub(super) epoch: i64,
}

impl Change<'_> {
    /// Runs one statement.
    pub(super) fn exec(&self, statement: &str, values: &[Value]) -> Result<Vec<Row>, ApiError> {
        Ok(self.acting.context.sql.exec(statement, values)?)
    }

    /// For what writes by itself: whoever has a change may.
    pub(super) const fn context(&self) -> &Context<'_> {
        self.acting.acting.context
    }

    /// Marks the nodes as changed: what was known of any principal before is out of date.
    pub(super) fn renew_nodes(&self) -> Result<(), ApiError> {
        let renew = "UPDATE organization SET nodes_epoch = ?";
        self.exec(renew, &[self.epoch.into()])?;
        Ok(())
    }

    /// Marks principals as changed. KV is behind until somebody asks about them, and the object answers meanwhile.
    pub(super) fn touch(&self, principals: &[String]) -> Result<(), ApiError> {
        let list = serde_json::to_string(principals)
            .map_err(|error| ApiError::internal(format!("ids cannot be written: {error}")))?;
        let touch = "UPDATE member SET epoch = ? WHERE user IN (SELECT value FROM json_each(?))";
        self.exec(touch, &[self.epoch.into(), (&list).into()])?;
        let touch =
            "UPDATE service_account SET epoch = ? WHERE id IN (SELECT value FROM json_each(?))";
        self.exec(touch, &[self.epoch.into(), list.into()])?;
        Ok(())
    }

    /// Marks a principal who holds nothing from now on, and does not leave in KV what they held.
    pub(super) fn withdraw(&self, principal: &str) -> Result<(), ApiError> {
        self.touch(&[principal.to_owned()])?;
        let acting = self.acting;
        holdings::publish(acting.context, &acting.organization, principal)
    }

    /// Sends KV the roles as they are from now on.
    pub(super) fn send_roles(&self, stored: &StoredRoles) -> Result<(), ApiError> {
        customization::send(self.acting.context, stored)
    }

    /// Ends a membership.
    pub(super) fn end_membership(&self, user: &str) -> Result<(), ApiError> {
        let acting = self.acting;
        store::leave(acting.context, &acting.organization, user, self.epoch)
    }

    /// Tells a user's object that the organization is one of theirs, by its name, or no longer.
    pub(super) fn tell_user(&self, user: &str, name: Option<&str>) -> Result<(), ApiError> {
        let Acting {
            context,
            organization,
            ..
        } = &**self.acting;
        store::tell_user(context, organization, user, self.epoch, name)
    }

    /// Tells everybody who knows the organization by its name the new one; who is suspended, when that ends.
    pub(super) fn tell_name(&self, name: &str) -> Result<(), ApiError> {
        let context = self.acting.context;
        let organization = organization(context)?;
        let is_told = |member: &Member| member.suspended_at_ms.is_none();
        for member in store::members(context)?.into_iter().filter(is_told) {
            store::tell_user(context, &organization, &member.user, self.epoch, Some(name))?;
        }
        invitations::tell_addresses(context, &organization, self.epoch)
    }

    /// The answer, and the new epoch for open pages.
    pub(super) fn finish<T: Serialize>(self, value: T) -> Result<Reply, ApiError> {
        committed(self.epoch, value)
    }
}

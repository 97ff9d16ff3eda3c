//! Service accounts and their keys, as who acts may see and give them; and what a program may give that acts by one.

use lockstep_core::{
    Access, Grant, MembershipError, NodeId, Operation, PrincipalKind, Record, can_hand_over,
    grant_account, show_key,
};
use lockstep_wire::TokenRecord;

use super::{
    Acting, Permitted, holdings,
    proof::{permit, permitted},
};
use crate::{
    authenticate,
    narrow::TokenUse,
    organization::{service_accounts, service_keys, store::unsigned},
    problem::{ApiError, Code},
    sql::Row,
    stored_token::Table,
};

impl Acting<'_> {
    /// What core lets who acts give to others or take from them. A program does neither unless somebody stands behind its key.
    pub(super) fn permitted(
        &self,
        allowed: Result<(), MembershipError>,
    ) -> Result<Permitted, ApiError> {
        let permitted = permitted(self.context, &self.access, allowed)?;
        self.require_seer()?;
        Ok(permitted)
    }

    /// Whether who acts may do `operation` on the organization by which others lose something, or something goes on to tell whoever it was made for: that is taken and handed out, too.
    pub(in crate::organization) fn permit_on_others(
        &self,
        operation: Operation,
    ) -> Result<Permitted, ApiError> {
        self.permit_on_others_at(operation, self.access.root())
    }

    /// [`Self::permit_on_others`] on a node: what is granted on it ends with it.
    pub(in crate::organization) fn permit_on_others_at(
        &self,
        operation: Operation,
        node: NodeId,
    ) -> Result<Permitted, ApiError> {
        let permitted = self.permit(operation, node)?;
        self.require_seer()?;
        Ok(permitted)
    }

    /// Whether who acts may do `operation` on the organization, had its plan all that a plan can have. What is there can be seen under any: a plan takes away what it gives, and not the way to be rid of it.
    pub(in crate::organization) fn permit_under_any_plan(
        &self,
        operation: Operation,
    ) -> Result<Permitted, ApiError> {
        let access = self.under_any_plan()?;
        permit(self.context, &access, operation, &self.facts)
    }

    /// Who acts, had the plan all that a plan can have.
    pub(super) fn under_any_plan(&self) -> Result<Access, ApiError> {
        let mut record = self.access.record();
        record.plan.extend(self.base().full_plan());
        holdings::resolve(self.context, record)
    }

    /// [`Self::permit_under_any_plan`], for what others lose by it.
    pub(in crate::organization) fn permit_to_end(
        &self,
        operation: Operation,
    ) -> Result<Permitted, ApiError> {
        let permitted = self.permit_under_any_plan(operation)?;
        self.require_seer()?;
        Ok(permitted)
    }

    pub(super) fn require_seer(&self) -> Result<(), ApiError> {
        if self.is_program() {
            service_keys::require_seer(self.context, self.actor.seen_by())?;
        }
        Ok(())
    }

    /// Refuses who is less than all of a person with an account, for what hands out all that somebody holds. It is asked here and not before, so that the log has it.
    pub(in crate::organization) fn require_whole(&self) -> Result<(), ApiError> {
        let is_narrow =
            |token: &TokenUse| token.record.permissions.is_some() || token.record.node.is_some();
        if self.actor.token.as_ref().is_some_and(is_narrow) {
            return Err(authenticate::out_of_token_scope());
        }
        if self.is_program() || self.actor.issuer.is_some() {
            return Err(authenticate::no_account(self.is_program()));
        }
        Ok(())
    }

    pub(super) fn is_program(&self) -> bool {
        self.access.kind() == PrincipalKind::ServiceAccount
    }

    /// Who sees a secret that is shown to who acts: themselves; behind a program the person who saw its key's.
    pub(in crate::organization) fn seer(&self) -> &str {
        self.actor.person()
    }

    /// Refuses to show a program a secret that outlives the one by which it acts: `ends_at_ms` is when it is over, absent never.
    pub(in crate::organization) fn require_end(
        &self,
        ends_at_ms: Option<i64>,
    ) -> Result<(), ApiError> {
        let key = self.actor.token.as_ref().filter(|_| self.is_program());
        let Some(until_ms) = key.and_then(|key| key.record.expires_at_ms) else {
            return Ok(());
        };
        if ends_at_ms.is_some_and(|at_ms| unsigned(at_ms) <= until_ms) {
            return Ok(());
        }
        let detail = "By a key that ends, no key or link is made and no key rotated that ends later, or never.";
        Err(ApiError::new(Code::TokenLifetime, detail))
    }

    /// Core's [`grant_account`], for an account that begins when there is none.
    pub(in crate::organization) fn grant_account(
        &self,
        account: Option<&str>,
        grants: &[Grant],
    ) -> Result<Permitted, ApiError> {
        let account = account.map(|account| self.record_on_nodes(account));
        let account = account.transpose()?;
        let granted = grant_account(&self.access, account.as_ref(), grants, &self.facts);
        self.permitted(granted)
    }

    /// Core's [`show_key`], for a key of `account` within `limit`.
    pub(in crate::organization) fn show_key(
        &self,
        account: &str,
        limit: &TokenRecord,
    ) -> Result<Permitted, ApiError> {
        let holder = self.key_holder(account, limit)?;
        let shown = show_key(&self.access, &holder, &self.facts);
        self.permitted(shown)
    }

    /// Core's [`can_hand_over`], for a key of `account` within `limit` that counts again by what who acts does.
    pub(in crate::organization) fn revive_key(
        &self,
        account: &str,
        limit: &TokenRecord,
    ) -> Result<Permitted, ApiError> {
        let holder = self.key_holder(account, limit)?;
        let handed = can_hand_over(&self.access, &holder);
        self.permitted(handed.map_err(MembershipError::Delegation))
    }

    /// Who a key of `account` within `limit` acts as.
    fn key_holder(&self, account: &str, limit: &TokenRecord) -> Result<Record, ApiError> {
        let mut holder = self.record_on_nodes(account)?;
        let node = limit.node.as_ref();
        // Nowhere does a key act whose node is gone.
        if node.is_some_and(|node| self.access.node(node).is_none()) {
            holder.grants.clear();
            holder.nodes.clear();
        }
        holder.token = Some(limit.into());
        Ok(holder)
    }

    /// Refuses an account that is not there: 404.
    pub(in crate::organization) fn require_account(&self, account: &str) -> Result<(), ApiError> {
        service_accounts::require(self.context, account)
    }

    /// How many keys an account has.
    pub(in crate::organization) fn keys(&self, account: &str) -> Result<i64, ApiError> {
        let select = "SELECT COUNT(*) AS count FROM service_key WHERE account = ? AND (expires_at_ms IS NULL OR expires_at_ms > ?)";
        self.count(select, &[account.into(), self.now_ms().into()])
    }

    /// A token that is not over, switched on or not; else 404.
    pub(in crate::organization) fn token(&self, table: Table, id: &str) -> Result<Row, ApiError> {
        table.find(self.context, id)
    }
}

//! Service accounts and their keys, as who acts may see and give them.

use lockstep_core::{NodeId, RoleId, grant_account, show_key};
use lockstep_wire::TokenRecord;

use super::{Acting, Permitted, holdings, proof::permitted};
use crate::{organization::service_accounts, problem::ApiError, sql::Row, stored_token::Table};

impl Acting<'_> {
    /// Core's [`grant_account`].
    pub(in crate::organization) fn grant_account(
        &self,
        grants: &[(RoleId, NodeId)],
    ) -> Result<Permitted, ApiError> {
        let granted = grant_account(&self.access, grants, &self.facts);
        permitted(self.context, &self.access, granted)
    }

    /// Core's [`show_key`], for a key of `account` within `limit`.
    pub(in crate::organization) fn show_key(
        &self,
        account: &str,
        limit: &TokenRecord,
    ) -> Result<Permitted, ApiError> {
        let mut record = self.record(account)?;
        record.token = Some(limit.into());
        let holder = holdings::resolve(self.context, record)?;
        let shown = show_key(&self.access, &holder, &self.facts);
        permitted(self.context, &self.access, shown)
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

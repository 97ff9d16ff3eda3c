//! Suspension: what a member was granted stops to count at once, and is kept.

use serde::{Deserialize, Serialize};

use super::{acting::FreshActing, links, store};
use crate::{objects::Reply, problem::ApiError};

/// What a member may change about somebody's suspension.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SuspensionChange {
    /// Ends it; answers `Written` with `MemberView`.
    End {
        /// The member.
        user: String,
    },
    /// Begins it; answers `Written` with `MemberView`.
    Begin {
        /// The member.
        user: String,
    },
}

impl SuspensionChange {
    /// The id of what it edits, which is there already.
    pub(super) fn edits(&self) -> &str {
        match self {
            Self::Begin { user } | Self::End { user } => user,
        }
    }

    pub(super) fn make(&self, acting: &FreshActing<'_>) -> Result<Reply, ApiError> {
        match self {
            Self::Begin { user } => begin(acting, user),
            Self::End { user } => end(acting, user),
        }
    }
}

fn begin(acting: &FreshActing<'_>, user: &str) -> Result<Reply, ApiError> {
    let member = acting.member(user)?;
    let permitted = acting.suspend(&acting.target(&member)?)?;
    let change = acting.change(permitted)?;
    // Under another name the rows give nothing to anybody, whoever reads them.
    let keep = "UPDATE granted SET user = ? WHERE user = ?";
    let kept_as = format!("{}{user}", store::SUSPENDED);
    change.exec(keep, &[kept_as.into(), user.into()])?;
    let since = "UPDATE member SET suspended_at_ms = COALESCE(suspended_at_ms, ?) WHERE user = ?";
    change.exec(since, &[acting.now_ms().into(), user.into()])?;
    links::revoke_those_beyond(change.context(), user)?;
    change.withdraw(user)?;
    change.tell_user(user, None)?;
    change.cancel_invitations_to(user)?;
    change.withdraw_mails(&member)?;
    let view = acting.view(&acting.member(user)?);
    Ok(change.finish(view)?.ending(user))
}

fn end(acting: &FreshActing<'_>, user: &str) -> Result<Reply, ApiError> {
    let member = acting.member(user)?;
    let kept = acting.record_on_nodes(&member.granted_as())?;
    let permitted = acting.restore(&acting.target(&member)?, &kept)?;
    let change = acting.change(permitted)?;
    // Those of whoever was suspended before links ended by it are open still.
    links::revoke_those_beyond(change.context(), user)?;
    let restore = "UPDATE granted SET user = ? WHERE user = ?";
    change.exec(restore, &[user.into(), member.granted_as().into()])?;
    let over = "UPDATE member SET suspended_at_ms = NULL WHERE user = ?";
    change.exec(over, &[user.into()])?;
    change.touch(&[user.to_owned()])?;
    change.tell_user(user, Some(&acting.organization.name))?;
    let view = acting.view(&acting.member(user)?);
    change.finish(view)
}

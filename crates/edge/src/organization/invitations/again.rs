//! Sending invitations again, or for the first time where they came with a file: one, or many at once.

use lockstep_core::{Offer, Operation};
use lockstep_wire::{ResendResultView, ResendResultsView};
use serde::{Deserialize, Serialize};

use super::{
    Stored, hash, imported,
    send::{expiry, require_mail, require_room},
};
use crate::{
    objects::Reply,
    organization::{
        acting::{Acting, FreshActing},
        batch::{Refused, Rows},
        refusal,
        store::{self, unsigned},
    },
    problem::{ApiError, Code},
};

/// The most invitations that one request makes or sends again.
pub const ROWS_MAX: usize = 100;

/// An invitation that is to be sent again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Resend {
    /// Its id.
    pub invitation: String,
    /// What the new link's secret is derived from.
    pub nonce: String,
    /// Another message.
    pub message: Option<String>,
    /// How long it can be accepted from now on, in seconds.
    pub expires_in_s: Option<i64>,
}

/// Invitations that are to be sent again.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct ResendAll {
    /// Which.
    pub which: Which,
    /// Another message.
    pub message: Option<String>,
    /// How long they can be accepted from now on, in seconds.
    pub expires_in_s: Option<i64>,
}

/// Which invitations.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Which {
    /// Those with these ids.
    These(Vec<String>),
    /// Those that were never sent, the oldest first.
    Unsent {
        /// Those that were made after this one.
        after: Option<String>,
    },
}

/// Gives an invitation another link and time; the old link is dead. Who sends it again stands for it from now on.
pub(in crate::organization) fn resend(
    acting: &FreshActing<'_>,
    again: &Resend,
) -> Result<Reply, ApiError> {
    let (epoch, stored) = one(acting, again, None)?;
    store::committed(epoch, acting.view_invitation(&stored)?)
}

/// As [`resend`], for several, each decided by itself: what a limit keeps from being sent stays as it is.
pub(in crate::organization) fn resend_all(
    acting: &FreshActing<'_>,
    all: &ResendAll,
) -> Result<Reply, ApiError> {
    let ids = match &all.which {
        Which::These(ids) => ids.clone(),
        Which::Unsent { after } => unsent(acting, after.as_deref())?,
    };
    let mut done = Rows::default();
    let mut results = Vec::new();
    for id in ids {
        let again = Resend {
            invitation: id.clone(),
            nonce: acting.nonce()?,
            message: all.message.clone(),
            expires_in_s: all.expires_in_s,
        };
        let sent = one(acting, &again, done.epoch());
        let (status, invitation, problem) = match done.settle(sent)? {
            // What so many bring may be megabytes, and the answer is kept in one row; no request for several names so much of what is to come back.
            Ok(sent) => (200, Some(acting.view_invitation_alone(&sent)?), None),
            Err(Refused { status, problem }) => (status, None, Some(problem)),
        };
        results.push(ResendResultView {
            id,
            status,
            invitation,
            problem,
        });
    }
    done.finish(acting, ResendResultsView { results })
}

/// The next that were never sent, for who may see which invitations there are.
fn unsent(acting: &Acting<'_>, after: Option<&str>) -> Result<Vec<String>, ApiError> {
    acting.permit(Operation::InvitationRead, acting.access.root())?;
    let select = "SELECT id FROM invitation WHERE state = 'pending' AND sent_at_ms = ?
        AND rowid > COALESCE((SELECT rowid FROM invitation WHERE id = ?), 0) ORDER BY rowid LIMIT ?";
    let rows_max = i64::try_from(ROWS_MAX).unwrap_or(i64::MAX);
    let values = [imported::NEVER.into(), after.into(), rows_max.into()];
    let mut ids = Vec::new();
    for row in acting.rows(select, &values)? {
        ids.push(row.text("id")?.to_owned());
    }
    Ok(ids)
}

/// Who sent it before may have offered places of which this one need not know. They are nobody's to give who holds nothing there, and a decision would name them.
fn require_known(acting: &FreshActing<'_>, offer: &Offer<'_>) -> Result<(), ApiError> {
    let known = acting.access.known_nodes();
    let granted = offer.grants.iter().map(|(node, _)| node);
    let homes = offer.groups.iter().map(|(home, _)| home);
    let mut nodes = granted.chain(homes).chain(offer.owned);
    if nodes.all(|node| known.contains(node.index())) {
        return Ok(());
    }
    // Who may not is told so before what comes with it.
    acting.permit(Operation::InvitationCreate, acting.access.root())?;
    let detail = "It offers more than membership, in places that are none of yours.";
    Err(ApiError::new(Code::NoGrant, detail))
}

fn one(
    acting: &FreshActing<'_>,
    again: &Resend,
    epoch: Option<i64>,
) -> Result<(i64, Stored), ApiError> {
    let found = match acting.invitation(&again.invitation) {
        Ok(found) => found,
        // Who may not is told so before whether there is such an invitation.
        Err(error) => {
            acting.permit(Operation::InvitationCreate, acting.access.root())?;
            return Err(error);
        }
    };
    let known = acting
        .offered(&found)?
        .ok_or_else(|| ApiError::new(Code::UnknownRole, "The role of this invitation is gone."))?;
    require_known(acting, &known.offer())?;
    let permitted = acting.may_invite(&known.offer())?;
    let resent = found.transition().resend(unsigned(acting.now_ms()));
    resent.map_err(|error| refusal::invitation(&error))?;
    let is_one_more = found.expires_at_ms <= acting.now_ms();
    let stored = Stored {
        invited_by: acting.principal().to_owned(),
        seen_by: Some(acting.seer().to_owned()),
        message: again.message.clone().or_else(|| found.message.clone()),
        sent_at_ms: acting.now_ms(),
        expires_at_ms: expiry(acting, again.expires_in_s),
        ..found
    };
    require_room(acting, &stored, is_one_more)?;
    require_mail(acting, &stored)?;
    let change = acting.change_of(permitted, epoch)?;
    let renew = "UPDATE invitation SET hash = ?, invited_by = ?, seen_by = ?, message = ?, sent_at_ms = ?, expires_at_ms = ? WHERE id = ?";
    let values = [
        hash(acting.config(), &acting.organization.id, &again.nonce)?.into(),
        (&stored.invited_by).into(),
        stored.seen_by.as_deref().into(),
        stored.message.as_deref().into(),
        stored.sent_at_ms.into(),
        stored.expires_at_ms.into(),
        (&stored.id).into(),
    ];
    change.exec(renew, &values)?;
    change.send_invitation(&stored, &again.nonce)?;
    Ok((change.epoch, stored))
}

//! What the invited person does: accept, decline.

use lockstep_wire::AcceptedView;

use super::{Brought, Stored, find, offered, reference, settle};
use crate::{
    objects::{Context, Reply},
    organization::{
        acting::{Permitted, Word},
        actor::{FreshAddress, FreshPerson},
        addresses, links, refusal,
        store::{self, Organization, committed, next_epoch, organization, unsigned},
    },
    problem::{ApiError, Code},
    user::NoticeKind,
};

/// The invited person joins. Whoever invited is asked again, as things are now.
pub(in crate::organization) fn accept(
    context: &Context<'_>,
    organization: &Organization,
    id: &str,
    person: &FreshPerson,
) -> Result<Reply, ApiError> {
    // Without an address nobody can have invited them.
    let address = person.address().ok_or_else(ApiError::not_found)?;
    let stored = find(context, id)?;
    let void = || void(&stored, context, address);
    let word = Word::of(
        context,
        organization,
        &stored.invited_by,
        stored.seen_by.as_deref(),
    )?;
    let word = word.ok_or_else(void)?;
    // A role that is gone from the policy can be handed out by nobody.
    let known = word.known(id, &stored.role)?.ok_or_else(void)?;
    let matches = stored.address == address;
    let (state, permitted) = word.accept(&stored, person.user(), matches, &known.offer())?;
    require_welcome(context, &stored, person)?;
    let epoch = next_epoch(context)?;
    settle(context, organization, &stored, state, epoch)?;
    let kind = NoticeKind::InvitationAccepted {
        email: stored.address.clone(),
    };
    tell_inviter(context, organization, &stored, epoch, kind)?;
    admit(
        context,
        organization,
        permitted,
        person,
        &stored.role,
        known.kept(),
        epoch,
    )?;
    let view = AcceptedView {
        organization: reference(organization),
        epoch,
    };
    committed(epoch, view)
}

/// Refuses who has left since it was sent, or is suspended, by whatever account of that address (law 8): an earlier release has left such open. And an address is one member's, as for links and domains: by another account of theirs nobody comes in beside themselves.
fn require_welcome(
    context: &Context<'_>,
    stored: &Stored,
    person: &FreshPerson,
) -> Result<(), ApiError> {
    let sent_at_ms = stored.sent_at_ms.max(stored.created_at_ms);
    // Where the address was somebody's before, it may be another's by now: what was sent afterwards is a new decision.
    let select = format!(
        "SELECT user, left_at_ms, COALESCE(user = ?1 OR address = ?2, 0) AS is_present,
            CASE WHEN left_at_ms IS NOT NULL THEN left_at_ms > ?4
                WHEN user = ?1 OR address = ?2 THEN suspended_at_ms IS NOT NULL
                ELSE COALESCE(suspended_at_ms > ?4, 0) END AS is_over
        FROM member WHERE {} ORDER BY is_over DESC",
        addresses::SAME_PERSON
    );
    let [user, address, hidden] = addresses::values(context, person);
    let values = [user, address, hidden, sent_at_ms.into()];
    for row in context.sql.exec(&select, &values)? {
        if row.integer("is_over")? != 0 {
            let detail = "Your membership has ended since it was sent. It takes a new invitation.";
            return Err(ApiError::new(Code::InvitationVoid, detail));
        }
        let is_member = row.optional_integer("left_at_ms")?.is_none();
        let is_present = row.integer("is_present")? != 0;
        if is_member && is_present && row.text("user")? != person.user() {
            let detail = "You are a member already, by another account of this address.";
            return Err(ApiError::new(Code::AlreadyMember, detail));
        }
    }
    Ok(())
}

/// Makes somebody a member with what core has allowed. Who joined in another way meanwhile keeps the roles that they have.
pub(in crate::organization) fn admit(
    context: &Context<'_>,
    organization: &Organization,
    _: Permitted,
    person: &FreshPerson,
    role: &str,
    brought: &[Brought],
    epoch: i64,
) -> Result<(), ApiError> {
    let user = person.user();
    let member = store::member(context, user)?;
    let granted_as = match &member {
        Some(member) => member.granted_as(),
        None => {
            store::join(context, organization, user, person.address(), role, epoch)?;
            user.to_owned()
        }
    };
    if brought.is_empty() {
        return Ok(());
    }
    links::through(context, user, &granted_as, || {
        offered::give(context, user, &granted_as, brought, epoch)
    })?;
    store::touch(context, user, epoch)
}

pub(in crate::organization) fn decline(
    context: &Context<'_>,
    id: &str,
    address: &FreshAddress,
) -> Result<Reply, ApiError> {
    let organization = organization(context)?;
    let stored = find(context, id)?;
    let state = stored
        .transition()
        .decline(unsigned(context.now_ms), stored.address == address.as_str())
        .map_err(|error| refusal::invitation(&error))?;
    let epoch = next_epoch(context)?;
    settle(context, &organization, &stored, state, epoch)?;
    let kind = NoticeKind::InvitationDeclined {
        email: stored.address.clone(),
    };
    tell_inviter(context, &organization, &stored, epoch, kind)?;
    committed(epoch, ())
}

/// Whoever invited hears of it as long as they are a member, and not suspended.
fn tell_inviter(
    context: &Context<'_>,
    organization: &Organization,
    stored: &Stored,
    epoch: i64,
    kind: NoticeKind,
) -> Result<(), ApiError> {
    let inviter = store::member(context, &stored.invited_by)?;
    if inviter.is_none_or(|inviter| inviter.suspended_at_ms.is_some()) {
        return Ok(());
    }
    store::notify(context, organization, &stored.invited_by, epoch, kind)
}

fn void(stored: &Stored, context: &Context<'_>, address: &str) -> ApiError {
    // The address and the state are told apart first, as for every other refusal.
    let answer = stored
        .transition()
        .decline(unsigned(context.now_ms), stored.address == address);
    let void =
        lockstep_core::InvitationError::Inviter(lockstep_core::MembershipError::NotAssignable);
    refusal::invitation(&answer.err().unwrap_or(void))
}

//! What who imports had beside the role of who creates an organization. They are its member already, so they have it at once, each part as if they had given it to themselves by hand.

use std::collections::BTreeSet;

use lockstep_core::{Assignment, Level, Operation};
use lockstep_wire::{ExportedGrant, ExportedMember};

use super::{
    super::{
        acting::{Change, FreshActing},
        actor::Permitted,
        groups::{self, GROUPS_OF_MEMBER_MAX},
        invitations::Brought,
        nodes,
    },
    Made,
    people::Place,
    structure::begun,
};
use crate::problem::{ApiError, Code};

/// Gives who imports back their roles on nodes and their groups, as many as anybody has; projects are theirs since they were made.
pub(super) fn restore(
    acting: &FreshActing<'_>,
    (number, member): (usize, &ExportedMember),
    belongings: &[(Brought, Place)],
    made: &mut Made,
) -> Result<(), ApiError> {
    let mut nodes = BTreeSet::new();
    for (at, grant) in member.grants.iter().enumerate() {
        let Some(node) = &grant.node else {
            continue;
        };
        if nodes.contains(node) {
            let detail = "Somebody has one role on a workspace or project.";
            made.leave_out(Place::Grant(at).of(number), Code::Conflict, detail);
            continue;
        }
        if let Some(permitted) = kept(
            may_have(acting, grant, made),
            number,
            Place::Grant(at),
            made,
        )? {
            have(&begun(acting, permitted)?, grant, made)?;
            nodes.insert(node);
        }
    }
    let mut groups: i64 = 0;
    for (one, place) in belongings {
        let Brought::Group(id) = one else { continue };
        let Some((home, grants)) = made.given.get(id) else {
            continue;
        };
        let entered = acting.enter_group(*home, grants, &acting.facts_about(acting.principal())?);
        let entered = entered.and_then(|permitted| {
            if groups < GROUPS_OF_MEMBER_MAX {
                return Ok(permitted);
            }
            let detail = "Nobody is in more groups.";
            Err(ApiError::new(Code::LimitReached, detail))
        });
        if let Some(permitted) = kept(entered, number, *place, made)? {
            groups = groups.saturating_add(1);
            let change = begun(acting, permitted)?;
            groups::enter(change.context(), id, acting.principal(), change.epoch)?;
        }
    }
    Ok(())
}

/// What is permitted; what is refused is left out.
fn kept(
    answer: Result<Permitted, ApiError>,
    number: usize,
    place: Place,
    made: &mut Made,
) -> Result<Option<Permitted>, ApiError> {
    match answer {
        Ok(permitted) => Ok(Some(permitted)),
        Err(error) if error.code().status() >= 500 => Err(error),
        Err(error) => {
            made.leave_out(place.of(number), error.code(), error.detail());
            Ok(None)
        }
    }
}

fn may_have(
    acting: &FreshActing<'_>,
    grant: &ExportedGrant,
    made: &Made,
) -> Result<Permitted, ApiError> {
    let node = acting.access.node(made.node(acting, grant.node.as_deref()));
    let node = node.ok_or_else(ApiError::not_found)?;
    let operation = match acting.access.level(node) {
        Some(Level::Project) => Operation::ProjectShare,
        _ => Operation::WorkspaceMemberManage,
    };
    let member = acting.member(acting.principal())?;
    acting.assign(Assignment {
        operation,
        node,
        old: &[],
        new: Some((
            acting.role(made.role(&grant.role))?,
            nodes::window_of(grant.not_before_ms, grant.expires_at_ms),
        )),
        facts: acting.target(&member)?.facts(),
    })
}

fn have(change: &Change<'_>, grant: &ExportedGrant, made: &Made) -> Result<(), ApiError> {
    let acting = change.acting;
    let begin = "INSERT INTO granted (user, node, role, not_before_ms, expires_at_ms) VALUES (?, ?, ?, ?, ?)";
    let values = [
        acting.principal().into(),
        made.node(acting, grant.node.as_deref()).into(),
        made.role(&grant.role).into(),
        grant.not_before_ms.into(),
        grant.expires_at_ms.into(),
    ];
    change.exec(begin, &values)?;
    Ok(())
}

//! The file's members, each of whom is invited with what they had, as far as who imports may hand it out.

use std::collections::BTreeMap;

use lockstep_wire::{ExportedMember, ExportedOrganization, WorkspaceRoleRequest};

use super::{
    super::{
        acting::FreshActing,
        actor::Permitted,
        invitations::{self, WORKSPACES_MAX},
    },
    Made,
    structure::begun,
};
use crate::problem::{ApiError, Code};

/// What somebody is invited to: a role, and roles on workspaces, by their ids.
type Offer = (String, Vec<(String, String)>);

/// Somebody with the same offer as others: their place in the file, and that of each role on a workspace.
struct Invited<'a> {
    email: &'a str,
    number: usize,
    grants: Vec<usize>,
}

/// Invites everybody but who imports; answers how many.
pub(super) fn invite(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &mut Made,
    address: Option<&str>,
) -> Result<usize, ApiError> {
    // Who is offered the same is decided about once.
    let mut offers: BTreeMap<Offer, Vec<Invited<'_>>> = BTreeMap::new();
    for (number, member) in file.members.iter().enumerate() {
        if Some(member.email.as_str()) == address {
            continue;
        }
        if let Some((offer, invited)) = offered(acting, number, member, made) {
            offers.entry(offer).or_default().push(invited);
        }
    }
    let mut count: usize = 0;
    for (offer, people) in &offers {
        let Some((permitted, workspaces)) = permitted(acting, offer, people, made)? else {
            continue;
        };
        let change = begun(acting, permitted)?;
        for person in people {
            invitations::imported::invite(&change, person.email, &offer.0, &workspaces)?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

/// What an invitation carries of what a member had.
fn offered<'a>(
    acting: &FreshActing<'_>,
    number: usize,
    member: &'a ExportedMember,
    made: &mut Made,
) -> Option<(Offer, Invited<'a>)> {
    if member.suspended {
        let detail = "Who was suspended is not invited.";
        made.leave_out(format!("/members/{number}"), Code::Conflict, detail);
        return None;
    }
    let mut role = None;
    let mut grants: Vec<(String, String, usize)> = Vec::new();
    for (grant_number, grant) in member.grants.iter().enumerate() {
        let place = format!("/members/{number}/grants/{grant_number}");
        let has_window = grant.not_before_ms.is_some() || grant.expires_at_ms.is_some();
        let Some(key) = grant.node.as_deref() else {
            role = Some(grant.role.clone()).filter(|_| !has_window);
            continue;
        };
        let node = made.node(acting, Some(key)).to_owned();
        let is_second = grants.iter().any(|(other, ..)| *other == node);
        let (code, reason) = if has_window {
            (Code::Conflict, "An invitation carries no time limits.")
        } else if !key.starts_with("workspace/") {
            (
                Code::Conflict,
                "An invitation carries no roles on projects.",
            )
        } else if is_second {
            (
                Code::Conflict,
                "An invitation carries one role on a workspace.",
            )
        } else if grants.len() >= WORKSPACES_MAX {
            (
                Code::LimitReached,
                "An invitation carries no more workspaces.",
            )
        } else {
            let role = made.role(&grant.role).to_owned();
            grants.push((node, role, grant_number));
            continue;
        };
        made.leave_out(place, code, reason);
    }
    let Some(role) = role else {
        let detail = "An invitation carries no time limits.";
        made.leave_out(format!("/members/{number}"), Code::Conflict, detail);
        return None;
    };
    grants.sort();
    let (workspaces, places) = grants
        .into_iter()
        .map(|(node, role, number)| ((node, role), number))
        .unzip();
    let invited = Invited {
        email: &member.email,
        number,
        grants: places,
    };
    Some(((role, workspaces), invited))
}

/// What of an offer who imports may hand out; nothing without the role on the organization.
fn permitted(
    acting: &FreshActing<'_>,
    (role, grants): &Offer,
    people: &[Invited<'_>],
    made: &mut Made,
) -> Result<Option<(Permitted, Vec<WorkspaceRoleRequest>)>, ApiError> {
    let request = |(workspace, role): &(String, String)| WorkspaceRoleRequest {
        workspace: workspace.clone(),
        role: role.clone(),
    };
    let all: Vec<WorkspaceRoleRequest> = grants.iter().map(request).collect();
    let may = |wanted: &[WorkspaceRoleRequest]| {
        let known = invitations::offered::asked(acting, role, wanted)?;
        acting.may_invite(&known.offer())
    };
    match may(&all) {
        Ok(permitted) => return Ok(Some((permitted, all))),
        Err(error) if error.code().status() >= 500 => return Err(error),
        Err(_) => {}
    }
    if let Err(error) = may(&[]) {
        for person in people {
            let place = format!("/members/{}", person.number);
            made.leave_out(place, error.code(), error.detail());
        }
        return Ok(None);
    }
    let mut kept = Vec::new();
    for (at, wanted) in all.into_iter().enumerate() {
        let Err(error) = may(std::slice::from_ref(&wanted)) else {
            kept.push(wanted);
            continue;
        };
        for person in people {
            let grant = person.grants.get(at).copied().unwrap_or_default();
            let place = format!("/members/{}/grants/{grant}", person.number);
            made.leave_out(place, error.code(), error.detail());
        }
    }
    Ok(Some((may(&kept)?, kept)))
}

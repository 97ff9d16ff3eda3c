//! The file's members, each of whom is invited with what they had, as far as who imports may hand it out.

use std::collections::BTreeMap;

use lockstep_wire::{ExportedMember, ExportedOrganization};

use super::{
    super::{
        acting::FreshActing,
        actor::Permitted,
        groups::GROUPS_OF_MEMBER_MAX,
        invitations::{self, Brought, Known, WORKSPACES_MAX},
    },
    Made,
    own::restore,
    structure::begun,
};
use crate::problem::{ApiError, Code};

/// What somebody is invited to: a role, and what comes with it.
type Offer = (String, Vec<Brought>);

/// Somebody with the same offer as others: their place in the file, and that of each thing that comes with it.
struct Invited<'a> {
    email: &'a str,
    number: usize,
    places: Vec<Place>,
}

/// Where in the file something stands that somebody had.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Place {
    /// Among their grants.
    Grant(usize),
    /// Among the members of a group.
    Member(usize, usize),
    /// As the owner of a project.
    Owner(usize),
}

impl Place {
    /// As a JSON Pointer; `member` is whose it is.
    pub(super) fn of(self, member: usize) -> String {
        match self {
            Self::Grant(at) => format!("/members/{member}/grants/{at}"),
            Self::Member(group, at) => format!("/groups/{group}/members/{at}"),
            Self::Owner(project) => format!("/projects/{project}/owner"),
        }
    }
}

/// Groups and projects of each member, by their address.
type Belongings<'a> = BTreeMap<&'a str, Vec<(Brought, Place)>>;

/// Invites everybody but who imports, who has what was theirs at once; answers how many.
pub(super) fn bring(
    acting: &FreshActing<'_>,
    file: &ExportedOrganization,
    made: &mut Made,
    address: Option<&str>,
) -> Result<usize, ApiError> {
    let mut belongings = belongings(acting, file, made);
    // Who is offered the same is decided about once.
    let mut offers: BTreeMap<Offer, Vec<Invited<'_>>> = BTreeMap::new();
    for (number, member) in file.members.iter().enumerate() {
        let theirs = belongings.remove(member.email.as_str()).unwrap_or_default();
        if Some(member.email.as_str()) == address {
            restore(acting, (number, member), &theirs, made)?;
            continue;
        }
        if let Some((offer, invited)) = offered(acting, (number, member), theirs, made) {
            offers.entry(offer).or_default().push(invited);
        }
    }
    let mut count: usize = 0;
    for (offer, people) in &offers {
        let Some((permitted, known)) = permitted(acting, offer, people, made)? else {
            continue;
        };
        let change = begun(acting, permitted)?;
        for person in people {
            invitations::imported::invite(&change, person.email, &offer.0, known.kept())?;
            count = count.saturating_add(1);
        }
    }
    Ok(count)
}

fn belongings<'a>(
    acting: &FreshActing<'_>,
    file: &'a ExportedOrganization,
    made: &Made,
) -> Belongings<'a> {
    let mut belongings = Belongings::new();
    for (number, (group, id)) in file.groups.iter().zip(&made.groups).enumerate() {
        for (at, email) in group.members.iter().enumerate() {
            let group = (Brought::Group(id.clone()), Place::Member(number, at));
            belongings.entry(email).or_default().push(group);
        }
    }
    for (number, project) in file.projects.iter().enumerate() {
        if let Some(owner) = &project.owner {
            let id = made.node(acting, Some(&project.key)).to_owned();
            let project = (Brought::Project(id), Place::Owner(number));
            belongings.entry(owner).or_default().push(project);
        }
    }
    belongings
}

/// What an invitation carries of what a member had.
fn offered<'a>(
    acting: &FreshActing<'_>,
    (number, member): (usize, &'a ExportedMember),
    belongings: Vec<(Brought, Place)>,
    made: &mut Made,
) -> Option<(Offer, Invited<'a>)> {
    let all = format!("/members/{number}");
    if member.suspended {
        let detail = "Who was suspended is not invited.";
        made.leave_out(all, Code::Conflict, detail);
        return None;
    }
    if !member.grants.iter().any(|grant| grant.node.is_none()) {
        let detail = "Who has no role on the organization is not invited.";
        made.leave_out(all, Code::Conflict, detail);
        return None;
    }
    let (role, mut brought) = roles(acting, (number, member), made);
    let Some(role) = role else {
        let detail = "An invitation carries no time limits.";
        made.leave_out(all, Code::Conflict, detail);
        return None;
    };
    let mut groups: i64 = 0;
    for (one, place) in belongings {
        groups = groups.saturating_add(matches!(one, Brought::Group(_)).into());
        if groups > GROUPS_OF_MEMBER_MAX && matches!(one, Brought::Group(_)) {
            let detail = "Nobody is in more groups.";
            made.leave_out(place.of(number), Code::LimitReached, detail);
            continue;
        }
        brought.push((one, place));
    }
    brought.sort();
    let (brought, places) = brought.into_iter().unzip();
    let invited = Invited {
        email: &member.email,
        number,
        places,
    };
    Some(((role, brought), invited))
}

/// The role on the organization, and those on nodes.
fn roles(
    acting: &FreshActing<'_>,
    (number, member): (usize, &ExportedMember),
    made: &mut Made,
) -> (Option<String>, Vec<(Brought, Place)>) {
    let mut on_root = None;
    let mut brought: Vec<(Brought, Place)> = Vec::new();
    for (at, grant) in member.grants.iter().enumerate() {
        let has_window = grant.not_before_ms.is_some() || grant.expires_at_ms.is_some();
        let Some(key) = grant.node.as_deref() else {
            on_root = Some(grant.role.clone()).filter(|_| !has_window);
            continue;
        };
        let there = made.node(acting, Some(key)).to_owned();
        let is_there = |(one, _): &(Brought, Place)| matches!(one, Brought::Role { node, .. } if *node == there);
        let (code, reason) = if has_window {
            (Code::Conflict, "An invitation carries no time limits.")
        } else if brought.iter().any(is_there) {
            (
                Code::Conflict,
                "An invitation carries one role on a workspace or project.",
            )
        } else if brought.len() >= WORKSPACES_MAX {
            (
                Code::LimitReached,
                "An invitation carries no more workspaces and projects.",
            )
        } else {
            let role = made.role(&grant.role).to_owned();
            brought.push((Brought::Role { node: there, role }, Place::Grant(at)));
            continue;
        };
        made.leave_out(Place::Grant(at).of(number), code, reason);
    }
    (on_root, brought)
}

/// What of an offer who imports may hand out; nothing without the role on the organization.
fn permitted(
    acting: &FreshActing<'_>,
    (role, all): &Offer,
    people: &[Invited<'_>],
    made: &mut Made,
) -> Result<Option<(Permitted, Known)>, ApiError> {
    match may(acting, role, all, made) {
        Ok(permitted) => return Ok(Some(permitted)),
        Err(error) if error.code().status() >= 500 => return Err(error),
        Err(_) => {}
    }
    if let Err(error) = may(acting, role, &[], made) {
        for person in people {
            let place = format!("/members/{}", person.number);
            made.leave_out(place, error.code(), error.detail());
        }
        return Ok(None);
    }
    let mut kept = Vec::new();
    for (at, one) in all.iter().enumerate() {
        let Err(error) = may(acting, role, std::slice::from_ref(one), made) else {
            kept.push(one.clone());
            continue;
        };
        for person in people {
            if let Some(place) = person.places.get(at) {
                made.leave_out(place.of(person.number), error.code(), error.detail());
            }
        }
    }
    may(acting, role, &kept, made).map(Some)
}

/// Whether who imports may hand out all of it.
fn may(
    acting: &FreshActing<'_>,
    role: &str,
    brought: &[Brought],
    made: &Made,
) -> Result<(Permitted, Known), ApiError> {
    let group_of = |id: &str| Ok(made.given.get(id).cloned());
    let known = invitations::known(&acting.access, role, brought, &group_of)?;
    let known = known.filter(|known| known.kept() == brought);
    let known = known.ok_or_else(|| {
        let detail = "There is no such role in this organization.";
        ApiError::new(Code::UnknownRole, detail)
    })?;
    Ok((acting.may_invite(&known.offer())?, known))
}

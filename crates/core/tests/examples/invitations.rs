//! Invitations: each state, each step, and the millisecond at which time runs out.

use std::sync::Arc;

use lockstep_core::{
    Access, Effect, Facts, Invitation, InvitationError, InvitationState, InvitationStatus, Level,
    MembershipError, Offer, Operation, Policy, RoleSpec, workspace_admins_invite,
};

use crate::shop::{self, access, policy};

const EXPIRES_AT_MS: u64 = 5_000;

const STATES: [InvitationState; 4] = [
    InvitationState::Accepted,
    InvitationState::Canceled,
    InvitationState::Declined,
    InvitationState::Pending,
];

fn invitation(state: InvitationState) -> Invitation {
    Invitation {
        state,
        expires_at_ms: EXPIRES_AT_MS,
    }
}

fn accept(
    invitation: Invitation,
    now_ms: u64,
    address_matches: bool,
    inviter: &[(&str, &str)],
    role: &str,
) -> Result<InvitationState, InvitationError> {
    let policy = policy();
    let role = policy.role(role).unwrap();
    let offer = Offer::of(role);
    invitation.accept(
        now_ms,
        address_matches,
        &access(inviter),
        &offer,
        None,
        &Facts::default(),
    )
}

#[test]
fn it_expires_exactly() {
    let pending = invitation(InvitationState::Pending);
    let not_pending = |status| Err(InvitationError::NotPending(status));
    let inviter = [("owner", "shop")];
    for (now_ms, live) in [
        (EXPIRES_AT_MS - 1, true),
        (EXPIRES_AT_MS, false),
        (EXPIRES_AT_MS + 1, false),
    ] {
        let status = if live {
            InvitationStatus::Pending
        } else {
            InvitationStatus::Expired
        };
        assert_eq!(pending.status(now_ms), status);
        let (accepted, declined) = if live {
            (Ok(InvitationState::Accepted), Ok(InvitationState::Declined))
        } else {
            (not_pending(status), not_pending(status))
        };
        assert_eq!(accept(pending, now_ms, true, &inviter, "staff"), accepted);
        assert_eq!(pending.decline(now_ms, true), declined);
        // An expired one may be taken off the list.
        assert_eq!(pending.cancel(now_ms), Ok(InvitationState::Canceled));
    }
}

#[test]
fn the_rule_that_lets_workspace_admins_invite_names_them_and_nobody_else() {
    let rule = |bound: &[(Operation, &str)]| {
        let mut spec = shop::spec();
        let bound = bound
            .iter()
            .map(|(operation, id)| (operation.as_str().into(), (*id).into()));
        spec.operations.extend(bound);
        workspace_admins_invite(&Policy::compile(&spec).unwrap())
    };
    let invite = (Operation::WorkspaceMemberInvite, "sell");
    let named = rule(&[invite, (Operation::WorkspaceMemberManage, "close")]).unwrap();
    assert_eq!((named.effect, named.when.len()), (Effect::Allow, 0));
    assert_eq!(
        (named.roles, named.permissions),
        (vec!["manager".into()], vec!["sell".into()])
    );
    // A rule that names no role would be everybody's, and one who manages under conditions is no Admin.
    assert_eq!(rule(&[invite]), None);
    assert_eq!(
        rule(&[invite, (Operation::WorkspaceMemberManage, "hire")]),
        None
    );
    let named = rule(&[invite, (Operation::WorkspaceMemberManage, "refund")]).unwrap();
    assert_eq!(named.roles, ["manager"]);
    assert_eq!(rule(&[(Operation::WorkspaceMemberManage, "close")]), None);
}

#[test]
fn from_a_workspace_nobody_invites_an_admin_nor_into_where_they_may_not() {
    let mut spec = shop::spec();
    spec.roles.push(RoleSpec {
        id: "figurehead".into(),
        admin: true,
        ..RoleSpec::new(Level::Organization)
    });
    for (operation, id) in [
        (Operation::WorkspaceMemberInvite, "sell"),
        (Operation::WorkspaceMemberManage, "close"),
    ] {
        spec.operations.push((operation.as_str().into(), id.into()));
    }
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let record = shop::record(&[("staff", "shop"), ("manager", "north"), ("clerk", "south")]);
    let inviter = Access::resolve(&policy, record, 0).unwrap();
    let may = |role: &str, nodes: &[&str]| {
        let clerk = policy.role("clerk").unwrap();
        let grants = nodes
            .iter()
            .map(|node| (inviter.node(node).unwrap(), clerk));
        let grants: Vec<_> = grants.collect();
        let offer = Offer {
            grants: &grants,
            ..Offer::of(policy.role(role).unwrap())
        };
        Invitation::may_invite(&inviter, &offer, &Facts::default())
    };
    assert_eq!(may("staff", &["north"]), Ok(()));
    // What it would give is nothing; that it makes an admin is enough.
    assert_eq!(
        may("figurehead", &["north"]),
        Err(MembershipError::NotAssignable)
    );
    for nodes in [&[][..], &["north", "south"]] {
        assert!(
            matches!(may("staff", nodes), Err(MembershipError::Denied(_))),
            "{nodes:?}"
        );
    }
}

#[test]
fn it_is_settled_once() {
    for state in STATES {
        let settled = invitation(state);
        let status = settled.status(0);
        if state == InvitationState::Pending {
            continue;
        }
        let refused = Err(InvitationError::NotPending(status));
        assert_eq!(
            accept(settled, 0, true, &[("owner", "shop")], "staff"),
            refused
        );
        assert_eq!(settled.decline(0, true), refused);
        assert_eq!(settled.cancel(0), refused);
        // Time does not change what was settled.
        assert_eq!(settled.status(EXPIRES_AT_MS + 1), status);
    }
}

#[test]
fn another_address_learns_nothing_of_its_fate() {
    for state in STATES {
        let invitation = invitation(state);
        let refused = Err(InvitationError::OtherAddress);
        assert_eq!(
            accept(invitation, EXPIRES_AT_MS, false, &[], "owner"),
            refused
        );
        assert_eq!(invitation.decline(EXPIRES_AT_MS, false), refused);
    }
}

#[test]
fn what_the_inviter_lost_since_is_not_handed_on() {
    let pending = invitation(InvitationState::Pending);
    let accepted = Ok(InvitationState::Accepted);
    assert_eq!(
        accept(pending, 0, true, &[("owner", "shop")], "owner"),
        accepted
    );
    assert_eq!(
        accept(pending, 0, true, &[("foreman", "shop")], "staff"),
        accepted
    );
    // Demoted: may invite, but not as an owner.
    assert!(matches!(
        accept(pending, 0, true, &[("foreman", "shop")], "owner"),
        Err(InvitationError::Inviter(MembershipError::Delegation(_)))
    ));
    // Demoted further, or gone.
    for inviter in [[("staff", "shop")].as_slice(), &[]] {
        assert!(matches!(
            accept(pending, 0, true, inviter, "staff"),
            Err(InvitationError::Inviter(MembershipError::Denied(_)))
        ));
    }
}

#[test]
fn a_role_of_a_branch_is_nothing_to_be_invited_to_the_organization_with() {
    let pending = invitation(InvitationState::Pending);
    assert_eq!(
        accept(pending, 0, true, &[("owner", "shop")], "clerk"),
        Err(InvitationError::Inviter(MembershipError::NotAssignable))
    );
}

#[test]
fn why_nothing_can_be_done_is_said_in_a_sentence() {
    let pending = STATES.map(|state| {
        let status = invitation(state).status(EXPIRES_AT_MS - 1);
        InvitationError::NotPending(status).to_string()
    });
    assert_eq!(
        pending,
        ["accepted", "canceled", "declined", "pending"].map(|it| format!("the invitation is {it}"))
    );
    let over = invitation(InvitationState::Pending).status(EXPIRES_AT_MS);
    assert_eq!(over.as_str(), "expired");
    assert_eq!(
        InvitationError::OtherAddress.to_string(),
        "the invitation was sent to another address"
    );
    let inviter = InvitationError::Inviter(MembershipError::LastAdmin);
    assert!(inviter.to_string().starts_with("the inviter: "));
}

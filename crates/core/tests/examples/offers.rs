//! What an invitation or a link may offer, and until when an invitation is sent again.

use std::sync::Arc;

use lockstep_core::{
    Access, Condition, DelegationError, Effect, Facts, Grant, Invitation, InvitationError,
    InvitationState, InvitationStatus, MembershipError, Offer, Operation, Policy, RuleSpec, Target,
    Test, Value, let_workspace_admins_invite, may_link,
};

use crate::shop::{NOW_MS, record, spec, strings};

/// The shop, in which whoever hires also gives roles in branches.
fn policy() -> Arc<Policy> {
    let mut spec = spec();
    let bound = Operation::WorkspaceMemberManage.as_str();
    spec.operations.push((bound.into(), "hire".into()));
    Arc::new(Policy::compile(&spec).unwrap())
}

fn access(policy: &Arc<Policy>, grants: &[(&str, &str)]) -> Access {
    Access::resolve(policy, record(grants), NOW_MS).unwrap()
}

type Way = fn(&Access, &Offer<'_>, &Facts) -> Result<(), MembershipError>;
const WAYS: [Way; 2] = [Invitation::may_invite, may_link];

fn offer(
    way: Way,
    maker: &Access,
    role: &str,
    grants: &[(&str, &str)],
) -> Result<(), MembershipError> {
    let role_of = |id: &str| maker.policy().role(id).unwrap();
    let grants = grants.iter();
    let grants = grants.map(|(role, node)| (maker.node(node).unwrap(), role_of(role)));
    let grants: Vec<_> = grants.collect();
    let offer = Offer {
        grants: &grants,
        ..Offer::of(role_of(role))
    };
    way(maker, &offer, &Facts::default())
}

#[test]
fn it_is_sent_again_until_somebody_acts_on_it() {
    for (state, acted) in [
        (InvitationState::Pending, None),
        (InvitationState::Accepted, Some(InvitationStatus::Accepted)),
        (InvitationState::Canceled, Some(InvitationStatus::Canceled)),
        (InvitationState::Declined, Some(InvitationStatus::Declined)),
    ] {
        let invitation = Invitation {
            state,
            expires_at_ms: 5,
        };
        for now_ms in [4, 5, 6] {
            let sent = acted.map_or(Ok(()), |status| Err(InvitationError::NotPending(status)));
            assert_eq!(invitation.resend(now_ms), sent, "{state:?} at {now_ms}");
        }
    }
}

#[test]
fn by_a_link_nobody_comes_in_as_an_admin_nor_as_what_its_maker_is_not() {
    let policy = policy();
    let owner = access(&policy, &[("owner", "shop")]);
    assert_eq!(offer(may_link, &owner, "staff", &[]), Ok(()));
    let admin = offer(may_link, &owner, "owner", &[]);
    assert_eq!(admin, Err(MembershipError::NotAssignable));
    // An invitation to an address may make one.
    assert_eq!(offer(Invitation::may_invite, &owner, "owner", &[]), Ok(()));
    let staff = access(&policy, &[("staff", "shop"), ("manager", "north")]);
    let denied = offer(may_link, &staff, "staff", &[]);
    assert!(matches!(denied, Err(MembershipError::Denied(_))));
}

#[test]
fn roles_in_branches_are_offered_by_who_holds_them_there() {
    let policy = policy();
    let foreman = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    for way in WAYS {
        let fits = [("manager", "north"), ("clerk", "south")];
        assert_eq!(offer(way, &foreman, "staff", &fits), Ok(()));
        let lacking = [("clerk", "north"), ("manager", "south")];
        let exceeds = offer(way, &foreman, "staff", &lacking);
        assert!(matches!(
            exceeds,
            Err(MembershipError::Delegation(DelegationError::Exceeds { .. }))
        ));
        let misplaced = offer(way, &foreman, "staff", &[("staff", "north")]);
        assert_eq!(misplaced, Err(MembershipError::NotAssignable));
    }
}

#[test]
fn who_lets_workspace_admins_invite_changes_the_organization_and_holds_it_everywhere() {
    let allow = |invite: &str, actor: &[(&str, &str)]| {
        let mut spec = spec();
        for (operation, permission) in [
            (Operation::OrganizationUpdate, "promote"),
            (Operation::WorkspaceMemberInvite, invite),
        ] {
            let bound = (operation.as_str().into(), permission.into());
            spec.operations.push(bound);
        }
        let policy = Arc::new(Policy::compile(&spec).unwrap());
        let_workspace_admins_invite(&access(&policy, actor), &Facts::default())
    };
    let foreman = [("foreman", "shop")];
    assert_eq!(allow("sell", &foreman), Ok(()));
    // A clerk's condition is not all of it.
    let exceeds = allow("refund", &foreman);
    assert!(matches!(
        exceeds,
        Err(MembershipError::Delegation(DelegationError::Exceeds { .. }))
    ));
    assert_eq!(allow("refund", &[("owner", "shop")]), Ok(()));
    // Who holds it in one branch, and changes nothing.
    let manager = allow("sell", &[("staff", "shop"), ("manager", "north")]);
    assert!(matches!(manager, Err(MembershipError::Denied(_))));
}

#[test]
fn what_comes_with_an_invitation_is_handed_out_by_who_may_by_hand() {
    let mut bound = spec();
    for operation in [
        Operation::GroupManage,
        Operation::ProjectShare,
        Operation::ProjectTransfer,
    ] {
        let bound = &mut bound.operations;
        bound.push((operation.as_str().into(), "hire".into()));
    }
    let policy = Arc::new(Policy::compile(&bound).unwrap());
    let foreman = access(&policy, &[("foreman", "shop")]);
    let of_north = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    let staff = access(&policy, &[("staff", "shop"), ("manager", "north")]);
    let invite =
        |actor: &Access, offer: Offer<'_>| Invitation::may_invite(actor, &offer, &Facts::default());
    let bare = |actor: &Access| Offer::of(actor.policy().role("staff").unwrap());
    let shared = |actor: &Access, role: &str, node: &str| {
        let grants = [(actor.node(node).unwrap(), policy.role(role).unwrap())];
        let grants = &grants;
        invite(
            actor,
            Offer {
                grants,
                ..bare(actor)
            },
        )
    };
    let grouped = |actor: &Access, role: &str, node: &str| {
        let north = actor.node("north").unwrap();
        let groups = &[(north, vec![Grant::new(role, node)])];
        invite(
            actor,
            Offer {
                groups,
                ..bare(actor)
            },
        )
    };
    let owning = |actor: &Access| {
        let owned = &[actor.node("till").unwrap()];
        invite(
            actor,
            Offer {
                owned,
                ..bare(actor)
            },
        )
    };
    let exceeds = |answer| {
        let Err(MembershipError::Delegation(error)) = answer else {
            return false;
        };
        matches!(error, DelegationError::Exceeds { .. })
    };
    assert_eq!(shared(&foreman, "clerk", "till"), Ok(()));
    assert!(exceeds(shared(&foreman, "manager", "till")));
    assert_eq!(shared(&of_north, "manager", "till"), Ok(()));
    // On the organization there is the role of the offer, and no other.
    let root = shared(&foreman, "clerk", "shop");
    assert_eq!(root, Err(MembershipError::NotAssignable));
    assert_eq!(grouped(&foreman, "clerk", "north"), Ok(()));
    assert_eq!(grouped(&foreman, "gone", "north"), Ok(()));
    assert!(exceeds(grouped(&foreman, "manager", "till")));
    assert_eq!(grouped(&of_north, "manager", "till"), Ok(()));
    assert!(exceeds(owning(&foreman)));
    assert_eq!(owning(&of_north), Ok(()));
    for denied in [
        shared(&staff, "clerk", "till"),
        grouped(&staff, "clerk", "north"),
        owning(&staff),
    ] {
        assert!(matches!(denied, Err(MembershipError::Denied(_))));
    }
    // What the policy offers to nobody by hand comes with no invitation.
    let foreman = access(
        &self::policy(),
        &[("foreman", "shop"), ("manager", "north")],
    );
    let not_offered = |operation| Err(MembershipError::NotOffered(operation));
    assert_eq!(
        shared(&foreman, "clerk", "till"),
        not_offered(Operation::ProjectShare)
    );
    assert_eq!(
        grouped(&foreman, "clerk", "north"),
        not_offered(Operation::GroupManage)
    );
    assert_eq!(owning(&foreman), not_offered(Operation::ProjectTransfer));
}

/// Somebody who is no member yet has the role of the offer, for groups and projects as for roles.
#[test]
fn an_invitation_puts_whom_rules_know_into_groups() {
    let mut spec = spec();
    for operation in [Operation::GroupManage, Operation::ProjectTransfer] {
        let bound = (operation.as_str().into(), "promote".into());
        spec.operations.push(bound);
    }
    spec.rules.push(RuleSpec {
        id: "no-guests".into(),
        effect: Effect::Deny,
        roles: strings(&["foreman"]),
        permissions: strings(&["promote"]),
        when: vec![Condition::new(
            "target.role",
            Test::Equals(Value::Text("guest".into())),
        )],
        because: "Guests stay outside.".into(),
    });
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let foreman = access(&policy, &[("foreman", "shop"), ("manager", "north")]);
    let [north, till] = ["north", "till"].map(|node| foreman.node(node).unwrap());
    let (groups, owned) = ([(north, vec![Grant::new("clerk", "north")])], [till]);
    let invitation = Invitation {
        state: InvitationState::Pending,
        expires_at_ms: NOW_MS + 1,
    };
    let ways = [(&groups[..], &[][..]), (&[], &owned)];
    for (groups, owned) in ways {
        let accept = |role: &str, invited: Option<&Target<'_>>| {
            let offer = Offer {
                groups,
                owned,
                ..Offer::of(policy.role(role).unwrap())
            };
            invitation.accept(NOW_MS, true, &foreman, &offer, invited, &Facts::default())
        };
        let member = |role| Target {
            role: policy.role(role),
            role_id: role,
            is_self: false,
            is_creator: false,
            other_admins: 1,
            keeps_owner: true,
            record: None,
        };
        let denied = |answer| {
            let Err(InvitationError::Inviter(MembershipError::Denied(denial))) = answer else {
                return false;
            };
            denial.reason.code() == "denied-by-rule"
        };
        assert_eq!(accept("staff", None), Ok(InvitationState::Accepted));
        assert!(denied(accept("guest", None)));
        let staff = member("staff");
        assert_eq!(accept("guest", Some(&staff)), Ok(InvitationState::Accepted));
        assert!(denied(accept("staff", Some(&member("guest")))));
    }
}

#[test]
fn who_accepts_and_is_a_member_by_now_is_given_roles_as_that_member() {
    let mut spec = spec();
    let bound = Operation::WorkspaceMemberManage.as_str();
    // Nobody does this to the creator.
    spec.operations.push((bound.into(), "dismiss".into()));
    let policy = Arc::new(Policy::compile(&spec).unwrap());
    let foreman = access(&policy, &[("foreman", "shop")]);
    let grants = [(
        foreman.node("north").unwrap(),
        policy.role("clerk").unwrap(),
    )];
    let offer = Offer {
        grants: &grants,
        ..Offer::of(policy.role("staff").unwrap())
    };
    let invitation = Invitation {
        state: InvitationState::Pending,
        expires_at_ms: NOW_MS + 1,
    };
    let accept = |invited: Option<&Target<'_>>| {
        invitation.accept(NOW_MS, true, &foreman, &offer, invited, &Facts::default())
    };
    let member = |is_creator| Target {
        role: policy.role("guest"),
        role_id: "guest",
        is_self: false,
        is_creator,
        other_admins: 1,
        keeps_owner: true,
        record: None,
    };
    assert_eq!(accept(None), Ok(InvitationState::Accepted));
    assert_eq!(accept(Some(&member(false))), Ok(InvitationState::Accepted));
    assert!(matches!(
        accept(Some(&member(true))),
        Err(InvitationError::Inviter(MembershipError::Denied(_)))
    ));
}

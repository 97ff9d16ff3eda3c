//! Inviting left to who manages the members of a workspace: by the organization's word, into their own workspaces, as no more than they hold.

use serde_json::{Value, json};

use super::{Acme, BEN, id, lockstep, refused};
use crate::{
    http::{Method, Response},
    organization::roles_key,
    testing::{json, text},
};

const NEW: &str = "new@example.com";

/// An organization in which Ben is a Member, and Admin of one of two workspaces.
struct Lab {
    acme: Acme,
    ben: String,
    north: String,
    south: String,
}

impl Lab {
    fn new() -> Self {
        let acme = lockstep("");
        let ben = acme.joined(BEN, "member");
        let [north, south] = ["North", "South"].map(|name| acme.workspace(name));
        acme.grant(&north, BEN, "workspace-admin");
        Self {
            acme,
            ben,
            north,
            south,
        }
    }

    fn set(&self, session: &str, is_on: bool) -> Response {
        let body = json!({ "workspace_admins_invite": is_on });
        self.acme.patch(session, "", &body)
    }

    /// Ben invites somebody as `role` and as `there` in workspaces.
    fn invite(&self, role: &str, there: &[(&str, &str)]) -> Response {
        let workspaces = there.iter().map(
            |(path, role)| json!({ "workspace": path.replace("/workspaces/", ""), "role": role }),
        );
        let workspaces: Vec<Value> = workspaces.collect();
        let body = json!({ "email": NEW, "role": role, "workspaces": workspaces });
        self.acme.post(&self.ben, "/invitations", &body)
    }

    fn snapshot(&self) -> Value {
        json(&self.acme.get(&self.ben, "/snapshot"))
    }
}

#[test]
fn nobody_invites_from_a_workspace_before_the_organization_says_so() {
    let lab = Lab::new();
    let shown = json(&lab.acme.get(&lab.ben, ""));
    assert_eq!(shown["workspace_admins_invite"], false);
    refused(
        &lab.invite("member", &[(&lab.north, "viewer")]),
        403,
        "no-grant",
    );
    assert!(
        !lab.acme
            .may_in(&lab.ben, "workspace-member.invite", &lab.north)
    );
    refused(&lab.set(&lab.ben, true), 403, "no-grant");
    let set = lab.set(&lab.acme.ada, true);
    assert_eq!(
        json(&set)["workspace_admins_invite"],
        true,
        "{}",
        text(&set)
    );
    assert!(
        lab.acme
            .may_in(&lab.ben, "workspace-member.invite", &lab.north)
    );
    assert!(
        !lab.acme
            .may_in(&lab.ben, "workspace-member.invite", &lab.south)
    );
    let invited = lab.invite("member", &[(&lab.north, "editor")]);
    assert_eq!(invited.status, 201, "{}", text(&invited));
    let new = lab.acme.world.sign_in(NEW);
    let accepted = lab.acme.accept(&new, &id(&invited));
    assert_eq!(accepted.status, 200, "{}", text(&accepted));
    assert!(lab.acme.may_in(&new, "data.update", &lab.north));
    assert!(!lab.acme.may_in(&new, "data.update", &lab.south));
}

#[test]
fn law_5_they_invite_into_their_own_workspaces_as_no_more_than_they_hold() {
    let lab = Lab::new();
    assert_eq!(lab.set(&lab.acme.ada, true).status, 200);
    let (north, south) = (lab.north.as_str(), lab.south.as_str());
    // Into the organization alone, or into where they are not Admin.
    refused(&lab.invite("member", &[]), 403, "no-grant");
    lab.acme.grant(south, BEN, "editor");
    for there in [
        &[(south, "viewer")][..],
        &[(north, "viewer"), (south, "viewer")],
    ] {
        refused(&lab.invite("member", there), 403, "no-grant");
    }
    for role in ["owner", "admin", "gateway"] {
        let invited = lab.invite(role, &[(north, "viewer")]);
        assert!(
            [400, 403].contains(&invited.status),
            "{role}: {}",
            text(&invited)
        );
    }
    assert_eq!(
        lab.invite("view-only", &[(north, "workspace-admin")])
            .status,
        201
    );
    // It is no permission for anything else about invitations.
    refused(&lab.acme.get(&lab.ben, "/invitations"), 403, "no-grant");
}

#[test]
fn i4_what_was_sent_counts_only_as_long_as_the_organization_leaves_it_to_them() {
    type Ends = fn(&Lab);
    let ends: [Ends; 3] = [
        |lab| assert_eq!(lab.set(&lab.acme.ada, false).status, 200),
        |lab| lab.acme.grant(&lab.north, BEN, "editor"),
        |lab| {
            let gone = lab.acme.delete(&lab.acme.ada, &lab.acme.member(BEN));
            assert_eq!(gone.status, 204);
        },
    ];
    for end in ends {
        let lab = Lab::new();
        assert_eq!(lab.set(&lab.acme.ada, true).status, 200);
        let invitation = id(&lab.invite("member", &[(&lab.north, "viewer")]));
        let new = lab.acme.world.sign_in(NEW);
        end(&lab);
        refused(&lab.acme.accept(&new, &invitation), 409, "invitation-void");
    }
}

#[test]
fn the_page_the_edge_and_kv_go_by_the_same_rule() {
    let lab = Lab::new();
    assert_eq!(lab.snapshot()["rules"], Value::Null);
    let set = lab.set(&lab.acme.ada, true);
    let rule = &lab.snapshot()["rules"][0];
    assert_eq!(
        (&rule["effect"], &rule["roles"]),
        (&json!("allow"), &json!(["workspace-admin"]))
    );
    assert_eq!(rule["permissions"], json!(["workspace-member.invite"]));
    let epoch = set
        .header("lockstep-epoch")
        .unwrap()
        .parse::<i64>()
        .unwrap();
    assert_eq!(lab.snapshot()["epoch"], epoch);
    lab.acme.world.settle();
    let puts = lab.acme.world.kv.puts.borrow();
    let key = roles_key(&lab.acme.id);
    let (_, value) = puts.iter().rfind(|(put, _)| *put == key).unwrap();
    let value: Value = serde_json::from_str(value).unwrap();
    assert_eq!((&value["rules"][0], &value["epoch"]), (rule, &json!(epoch)));
    drop(puts);
    assert_eq!(lab.set(&lab.acme.ada, false).status, 200);
    assert_eq!(lab.snapshot()["rules"], Value::Null);
}

#[test]
fn a_preview_of_a_role_knows_the_rule() {
    let lab = Lab::new();
    assert_eq!(lab.set(&lab.acme.ada, true).status, 200);
    let role = json!({ "name": "Own", "base": "workspace-admin" });
    let role = id(&lab.acme.post(&lab.acme.ada, "/roles", &role));
    lab.acme.grant(&lab.north, BEN, &role);
    let ask = json!({ "role": role, "reassign": "workspace-admin" });
    let preview = lab.acme.post(&lab.acme.ada, "/roles/preview", &ask);
    let changes = json(&preview)["changes"].to_string();
    assert!(
        changes.contains("workspace-member.invite"),
        "{}",
        text(&preview)
    );
}

#[test]
fn law_5_who_lets_them_holds_what_is_handed_out() {
    let lab = Lab::new();
    let set = |is_on: bool, scopes: &[&str]| {
        let token = json!({ "name": "t", "scopes": scopes });
        let (_, token) = lab.acme.token(&lab.acme.ada, &token);
        let body = json!({ "workspace_admins_invite": is_on });
        let request = crate::testing::write(Method::Patch, &lab.acme.path(""), &body);
        lab.acme
            .world
            .send(&request.with_header("x-api-key", &token))
    };
    let (update, invite) = ("organization.update", "workspace-member.invite");
    refused(&set(true, &[update]), 403, "exceeds-grantor");
    refused(&set(true, &[invite]), 403, "out-of-token-scope");
    assert_eq!(set(true, &[update, invite]).status, 200);
    assert_eq!(
        set(false, &[update]).status,
        200,
        "taking back hands out nothing"
    );
}

#[test]
fn a_token_without_the_permission_invites_from_nowhere() {
    let lab = Lab::new();
    assert_eq!(lab.set(&lab.acme.ada, true).status, 200);
    let invite = |scopes: &[&str]| {
        let token = json!({ "name": "t", "scopes": scopes });
        let (_, token) = lab.acme.token(&lab.ben, &token);
        let body = json!({ "email": NEW, "role": "member", "workspaces": [] });
        let request = crate::testing::write(Method::Post, &lab.acme.path("/invitations"), &body);
        lab.acme
            .world
            .send(&request.with_header("x-api-key", &token))
    };
    refused(&invite(&["workspace.read"]), 403, "out-of-token-scope");
}

/// What they may is another role's, or for less long: that is a word of theirs still.
#[test]
fn law_5_a_link_ends_with_its_maker_s_role_in_the_workspace_and_not_with_another_window() {
    let lab = Lab::new();
    assert_eq!(lab.set(&lab.acme.ada, true).status, 200);
    let there = json!([{ "workspace": lab.north.replace("/workspaces/", ""), "role": "viewer" }]);
    let link = json!({ "role": "member", "uses_max": 9, "workspaces": there });
    let made = lab.acme.post(&lab.ben, "/links", &link);
    assert_eq!(made.status, 201, "{}", text(&made));
    let secret = json(&made)["token"].as_str().unwrap().to_owned();
    let path = format!("{}{}", lab.north, lab.acme.member(BEN));
    let later_ms = crate::testing::START_MS + 86_400_000;
    let until = json!({ "role": "workspace-admin", "expires_at_ms": later_ms });
    assert_eq!(lab.acme.put(&lab.acme.ada, &path, &until).status, 200);
    let new = lab.acme.world.sign_in(NEW);
    assert_eq!(lab.acme.join(&new, &secret).status, 200);
    assert_eq!(lab.acme.delete(&lab.acme.ada, &path).status, 204);
    lab.acme.grant(&lab.north, BEN, "workspace-admin");
    let other = lab.acme.world.sign_in("other@example.com");
    refused(
        &lab.acme.join(&other, &secret),
        409,
        "invitation-not-pending",
    );
}

/// By whatever way it is given.
#[test]
fn law_5_a_link_does_not_wake_with_a_role_given_anew_after_its_end() {
    for by_invitation in [false, true] {
        let lab = Lab::new();
        let acme = &lab.acme;
        assert_eq!(lab.set(&acme.ada, true).status, 200);
        let of = |role: &str| json!([{ "workspace": lab.north.replace("/workspaces/", ""), "role": role }]);
        let mail = json!({ "email": NEW, "role": "member", "workspaces": of("workspace-admin") });
        let invitation = id(&acme.post(&acme.ada, "/invitations", &mail));
        // They come in by another way than the invitation, which waits.
        let new = acme.world.sign_in(NEW);
        let (_, door) = acme.link("member", 1);
        assert_eq!(acme.join(&new, &door).status, 200);
        let path = format!("{}{}", lab.north, acme.member(NEW));
        let soon_ms = crate::testing::START_MS + 86_400_000;
        let until = json!({ "role": "workspace-admin", "expires_at_ms": soon_ms });
        assert_eq!(acme.put(&acme.ada, &path, &until).status, 200);
        let link = json!({ "role": "member", "uses_max": 9, "workspaces": of("viewer") });
        let made = acme.post(&new, "/links", &link);
        assert_eq!(made.status, 201, "{}", text(&made));
        let secret = json(&made)["token"].as_str().unwrap().to_owned();
        acme.world.clock.advance_ms(86_400_000);
        let other = acme.world.sign_in("other@example.com");
        refused(&acme.join(&other, &secret), 409, "invitation-void");
        if by_invitation {
            let new = acme.world.sign_in(NEW);
            let accepted = acme.accept(&new, &invitation);
            assert_eq!(accepted.status, 200, "{}", text(&accepted));
        } else {
            acme.grant(&lab.north, NEW, "workspace-admin");
        }
        refused(&acme.join(&other, &secret), 409, "invitation-not-pending");
    }
}

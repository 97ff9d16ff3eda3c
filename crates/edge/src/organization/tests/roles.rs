//! Roles of one's own: what they hold, for everybody who holds them, from one change on; and what goes when they go.

mod plans;
mod windows;

use serde_json::{Value, json};

use super::{
    ADA, Acme, BEN, CAT,
    consistency::{BOUND_MS, KV_FAULTS},
    id, lockstep, refused,
};
use crate::{
    http::Response,
    testing::{json, text},
};

/// A role made of Editor, which holds no data.
pub(super) fn blind_editor(acme: &Acme) -> String {
    let body = json!({ "name": "Blind", "base": "editor", "without": BLIND });
    let created = acme.post(&acme.ada, "/roles", &body);
    assert_eq!(created.status, 201, "{}", text(&created));
    id(&created)
}

/// All that brings a look at data with it.
pub(super) const BLIND: [&str; 6] = [
    "data.read",
    "data.read-original",
    "data.annotate",
    "data.update",
    "data.export",
    "data.share",
];

fn listed(acme: &Acme) -> Value {
    json(&acme.get(&acme.ada, "/roles"))["roles"].clone()
}

#[test]
fn m9_a_role_is_what_its_writes_said() {
    let acme = lockstep("");
    let role = blind_editor(&acme);
    let path = format!("/roles/{role}");
    let mut without = BLIND.to_vec();
    without.sort_unstable();
    let expected =
        json!({ "id": role, "name": "Blind", "base": "editor", "without": without, "epoch": 2 });
    assert_eq!(listed(&acme), json!([expected]));
    let change = json!({ "name": "Looks", "with": ["run.read", "run.read"], "without": [] });
    let changed = acme.patch(&acme.ada, &path, &change);
    assert_eq!(changed.status, 200, "{}", text(&changed));
    let expected =
        json!({ "id": role, "name": "Looks", "base": "editor", "with": ["run.read"], "epoch": 3 });
    assert_eq!(
        (json(&changed), listed(&acme)),
        (expected.clone(), json!([expected]))
    );
    assert_eq!(acme.delete(&acme.ada, &path).status, 204);
    assert_eq!(listed(&acme), json!([]));
    refused(&acme.delete(&acme.ada, &path), 404, "not-found");
    refused(
        &acme.patch(&acme.ada, &path, &json!({ "name": "x" })),
        404,
        "not-found",
    );
}

#[test]
fn a_role_that_the_policy_has_no_place_for_is_refused_with_a_sentence() {
    let acme = lockstep("");
    let role = blind_editor(&acme);
    let before = listed(&acme);
    for (body, says) in [
        (json!({ "name": "x", "base": "gone" }), "no role `gone`"),
        (json!({ "name": "x", "base": role }), "no role"),
        (json!({ "name": "x", "base": "owner" }), "holds everything"),
        (
            json!({ "name": "x", "base": "member" }),
            "of the organization",
        ),
        (
            json!({ "name": "x", "base": "editor", "with": ["gone"] }),
            "no permission `gone`",
        ),
        (
            json!({ "name": "x", "base": "editor", "without": ["data.read"] }),
            "comes with",
        ),
    ] {
        let answer = acme.post(&acme.ada, "/roles", &body);
        refused(&answer, 400, "invalid-value");
        assert!(text(&answer).contains(says), "{}", text(&answer));
    }
    let path = format!("/roles/{role}");
    let kept = json!({ "without": ["data.read"] });
    refused(&acme.patch(&acme.ada, &path, &kept), 400, "invalid-value");
    for body in [
        json!({ "base": "viewer" }),
        json!({ "id": "role_1" }),
        json!({ "admin": true }),
    ] {
        refused(&acme.patch(&acme.ada, &path, &body), 400, "invalid-body");
    }
    assert_eq!(listed(&acme), before);
}

#[test]
fn m7_what_an_edit_takes_its_holders_lose_and_what_it_gives_they_have() {
    for faults in KV_FAULTS {
        let acme = lockstep(faults);
        let ben = acme.joined(BEN, "member");
        let north = acme.workspace("North");
        let role = blind_editor(&acme);
        acme.grant(&north, BEN, &role);
        acme.world.clock.advance_ms(1_000);
        assert!(acme.may_in(&ben, "run.read", &north), "{faults}");
        assert!(acme.may_in(&ben, "data.delete", &north), "{faults}");
        assert!(!acme.may_in(&ben, "data.read", &north), "{faults}");
        let edit = |body| acme.patch(&acme.ada, &format!("/roles/{role}"), &body);
        assert_eq!(edit(json!({ "without": [] })).status, 200);
        acme.world.clock.advance_ms(500);
        assert!(
            acme.may_in(&ben, "data.read", &north),
            "given is seen: {faults}"
        );
        let without = json!({ "without": ["run.read", "run.create", "data.delete"] });
        assert_eq!(edit(without).status, 200);
        assert!(!acme.may_in(&ben, "data.delete", &north), "{faults}");
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may_in(&ben, "run.read", &north), "{faults}");
        assert!(acme.may_in(&ben, "data.read", &north), "{faults}");
        assert_eq!(
            acme.delete(&acme.ada, &format!("/roles/{role}")).status,
            204
        );
        acme.world.clock.advance_ms(BOUND_MS);
        assert!(!acme.may_in(&ben, "data.read", &north), "{faults}");
    }
}

#[test]
fn an_edit_of_a_role_is_one_value_however_many_hold_it() {
    let acme = lockstep("");
    let north = acme.workspace("North");
    let role = blind_editor(&acme);
    let holders = ["d@example.com", "e@example.com", "f@example.com", BEN];
    for email in holders {
        acme.joined(email, "member");
        acme.grant(&north, email, &role);
    }
    acme.world.clock.advance_ms(2_000);
    acme.world.settle();
    let puts = acme.world.kv.puts.borrow().len();
    let change = json!({ "name": "Other" });
    assert_eq!(
        acme.patch(&acme.ada, &format!("/roles/{role}"), &change)
            .status,
        200
    );
    acme.world.clock.advance_ms(2_000);
    acme.world.settle();
    let puts = acme.world.kv.puts.borrow()[puts..].to_vec();
    let keys: Vec<&String> = puts.iter().map(|(key, _)| key).collect();
    assert_eq!(keys, [&format!("roles/{}", acme.id)]);
    // And from that value a new isolate decides, without the object's.
    let ben = acme.world.sign_in(BEN);
    acme.world.edge.grants.forget();
    let asked = acme.world.objects.asked("roles");
    assert!(acme.may_in(&ben, "run.read", &north));
    assert_eq!(acme.world.objects.asked("roles"), asked);
}

#[test]
fn a_page_is_handed_the_organizations_roles_with_an_epoch_that_rises() {
    let acme = lockstep("");
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let snapshot = || json(&acme.get(&ben, "/snapshot"));
    assert_eq!(snapshot().get("roles"), None);
    let role = blind_editor(&acme);
    // Nobody was granted it, and yet it may be what would help.
    assert_eq!(snapshot()["roles"].as_array().unwrap().len(), 1);
    acme.grant(&north, BEN, &role);
    let before = snapshot();
    assert_eq!(
        before["roles"][0]["without"].as_array().unwrap().len(),
        BLIND.len()
    );
    let edited = acme.patch(
        &acme.ada,
        &format!("/roles/{role}"),
        &json!({ "without": [] }),
    );
    let after = snapshot();
    assert_eq!(after["roles"][0].get("without"), None);
    assert!(after["epoch"].as_u64() > before["epoch"].as_u64());
    assert_eq!(
        edited.header("lockstep-epoch").unwrap(),
        after["epoch"].to_string()
    );
}

#[test]
fn m6_who_was_made_a_lesser_admin_gives_nobody_more_than_that() {
    let acme = lockstep("");
    let (ben, _) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    let north = acme.workspace("North");
    let without = [&BLIND[..], &["data.delete"]].concat();
    let body = json!({ "name": "Lesser", "base": "workspace-admin", "without": without });
    let lesser = id(&acme.post(&acme.ada, "/roles", &body));
    acme.grant(&north, BEN, &lesser);
    let of_cat = format!("{north}{}", acme.member(CAT));
    let give = |role: &str| acme.put(&ben, &of_cat, &json!({ "role": role }));
    for role in ["editor", "viewer", "workspace-admin"] {
        refused(&give(role), 403, "exceeds-grantor");
    }
    assert_eq!(give(&lesser).status, 200);
    assert_eq!(give("restricted").status, 200);
    // Nor through a group, whoever granted it that.
    let body = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let group = format!("/groups/{}", id(&acme.post(&ben, "/groups", &body)));
    let grant = format!("{group}/grants/{}", north.replace("/workspaces/", ""));
    refused(
        &acme.put(&ben, &grant, &json!({ "role": "editor" })),
        403,
        "exceeds-grantor",
    );
    assert_eq!(
        acme.put(&acme.ada, &grant, &json!({ "role": "editor" }))
            .status,
        200
    );
    let into = format!("{group}{}", acme.member(CAT));
    refused(&acme.put(&ben, &into, &json!({})), 403, "exceeds-grantor");
    // Ben makes no roles, and changes none that he holds.
    refused(
        &acme.patch(&ben, &format!("/roles/{lesser}"), &json!({ "without": [] })),
        403,
        "no-grant",
    );
    let mine = json!({ "name": "Mine", "base": "workspace-admin" });
    refused(&acme.post(&ben, "/roles", &mine), 403, "no-grant");
}

#[test]
fn no_invitation_member_or_account_has_a_role_that_may_be_deleted_on_the_organization() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let role = blind_editor(&acme);
    let invite = json!({ "email": CAT, "role": role });
    refused(
        &acme.post(&acme.ada, "/invitations", &invite),
        400,
        "unknown-role",
    );
    refused(
        &acme.patch(&acme.ada, &acme.member(BEN), &json!({ "role": role })),
        400,
        "unknown-role",
    );
    let body = json!({ "name": "Deployer", "grants": [{ "role": role }] });
    let created = acme.post(&acme.ada, "/service-accounts", &body);
    refused(&created, 400, "unknown-role");
}

#[test]
fn a_deleted_role_is_replaced_wherever_it_was_granted_as_the_preview_said() {
    let acme = lockstep("");
    let (ben, cat) = (acme.joined(BEN, "member"), acme.joined(CAT, "member"));
    let north = acme.workspace("North");
    let role = blind_editor(&acme);
    acme.grant(&north, BEN, &role);
    let body = json!({ "name": "Crew", "workspace": north.replace("/workspaces/", "") });
    let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &body)));
    let grant = format!("{group}/grants/{}", north.replace("/workspaces/", ""));
    assert_eq!(
        acme.put(&acme.ada, &grant, &json!({ "role": role })).status,
        200
    );
    assert_eq!(
        acme.put(
            &acme.ada,
            &format!("{group}{}", acme.member(CAT)),
            &json!({})
        )
        .status,
        200
    );
    let suspension = format!("{}/suspension", acme.member(BEN));
    assert_eq!(acme.put(&acme.ada, &suspension, &json!({})).status, 200);

    let preview = |body: Value| json(&acme.post(&acme.ada, "/roles/preview", &body));
    let kept = preview(json!({ "role": role, "change": {} }));
    assert_eq!(
        (&kept["holders"], &kept["changes_total"]),
        (&json!(2), &json!(0))
    );
    let replaced = preview(json!({ "role": role, "reassign": "viewer" }));
    let changes = replaced["changes"].as_array().unwrap().clone();
    let of = |permission: &str| {
        let mut of = changes
            .iter()
            .filter(|change| change["permission"] == permission);
        of.next().map(|change| {
            (
                change["principal"].clone(),
                change["before"].clone(),
                change["after"].clone(),
            )
        })
    };
    // Ben is suspended, so it changes nothing for him now.
    let user = json!(acme.user(CAT));
    assert_eq!(
        of("data.read"),
        Some((user.clone(), json!("denied"), json!("allowed")))
    );
    assert_eq!(
        of("run.create"),
        Some((user, json!("allowed"), json!("denied")))
    );
    assert_eq!(of("run.read"), None);
    assert!(acme.may_in(&cat, "run.create", &north), "nothing was done");

    let path = format!("/roles/{role}");
    for (to, status, code) in [
        ("gone", 400, "unknown-role"),
        ("owner", 400, "unknown-role"),
        (role.as_str(), 400, "invalid-value"),
    ] {
        refused(
            &acme.delete_with(&acme.ada, &path, &format!("reassign={to}")),
            status,
            code,
        );
    }
    let itself = json!({ "role": role, "reassign": role });
    let itself = acme.post(&acme.ada, "/roles/preview", &itself);
    refused(&itself, 400, "invalid-value");
    assert_eq!(
        acme.delete_with(&acme.ada, &path, "reassign=viewer").status,
        204
    );
    assert_eq!(acme.delete(&acme.ada, &suspension).status, 200);
    acme.world.clock.advance_ms(BOUND_MS);
    for session in [&ben, &cat] {
        assert!(acme.may_in(session, "data.read", &north));
        assert!(!acme.may_in(session, "run.create", &north));
    }
    let members = json(&acme.get(&acme.ada, &format!("{north}/members")));
    assert_eq!(members["members"][0]["role"], "viewer");
    assert_eq!(
        json(&acme.get(&acme.ada, &group))["grants"][0]["role"],
        "viewer"
    );
    assert!(!text(&acme.get(&acme.ada, "/roles")).contains(&role));
    let gone = acme.put(
        &acme.ada,
        &format!("{north}{}", acme.member(ADA)),
        &json!({ "role": role }),
    );
    refused(&gone, 400, "unknown-role");
}

#[test]
fn what_becomes_of_groups_and_roles_is_logged() {
    let acme = lockstep("");
    acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let before = acme.log().len();
    let done = |answer: Response| {
        assert!(answer.status < 300, "{}", text(&answer));
        answer
    };
    let body = json!({ "name": "Own", "base": "editor" });
    let role = id(&done(acme.post(&acme.ada, "/roles", &body)));
    let path = format!("/roles/{role}");
    done(acme.patch(&acme.ada, &path, &json!({ "name": "Other" })));
    let north = north.replace("/workspaces/", "");
    let body = json!({ "name": "Crew", "workspace": north });
    let group = id(&done(acme.post(&acme.ada, "/groups", &body)));
    let crew = format!("/groups/{group}");
    done(acme.patch(&acme.ada, &crew, &json!({ "name": "Gang" })));
    let grant = format!("{crew}/grants/{north}");
    done(acme.put(&acme.ada, &grant, &json!({ "role": role })));
    let member = format!("{crew}{}", acme.member(BEN));
    done(acme.put(&acme.ada, &member, &json!({})));
    done(acme.delete_with(&acme.ada, &path, "reassign=viewer"));
    done(acme.delete(&acme.ada, &member));
    done(acme.delete(&acme.ada, &grant));
    done(acme.delete(&acme.ada, &crew));
    let rows = acme.log().split_off(before);
    let seen: Vec<(&str, &str, String)> = rows
        .iter()
        .map(|row| {
            let of: Vec<&str> = row
                .changes
                .iter()
                .map(|change| change.of.as_str())
                .collect();
            (row.action.as_str(), row.target.as_str(), of.join(" "))
        })
        .collect();
    let (role, group) = (role.as_str(), group.as_str());
    let expected = [
        ("role.create", role, "custom_role"),
        ("role.update", role, "custom_role"),
        ("group.create", group, "access_group"),
        ("group.rename", group, "access_group"),
        ("group.grant", group, "group_granted"),
        ("group.add-member", group, "group_member"),
        ("role.delete", role, "group_granted custom_role"),
        ("group.remove-member", group, "group_member"),
        ("group.revoke", group, "group_granted"),
        ("group.delete", group, "access_group"),
    ]
    .map(|(action, target, of)| (action, target, of.to_owned()));
    assert_eq!(seen, expected);
}

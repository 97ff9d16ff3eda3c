//! What people had comes back with their invitations: groups, projects, roles on projects; by who could give each by hand, when it is imported and when it is accepted.

use super::*;
use crate::{objects::Class, organization::tests::ADA, sql::Sql};

impl Acme {
    /// Sends the only invitation to an address, and says who accepts it.
    fn sent(&self, email: &str) -> (String, String) {
        let pending = self.pending();
        let found = pending.iter().find(|one| one["email"] == email).unwrap();
        let id = found["id"].as_str().unwrap().to_owned();
        let resent = self.post(&self.ada, &format!("/invitations/{id}/resend"), &json!({}));
        assert_eq!(resent.status, 200, "{}", text(&resent));
        self.world.settle();
        (self.world.sign_in(email), id)
    }

    /// The session of who accepts the invitation to an address.
    fn came(&self, email: &str) -> String {
        let (session, id) = self.sent(email);
        let accepted = self.accept(&session, &id);
        assert_eq!(accepted.status, 200, "{email}: {}", text(&accepted));
        self.world.settle();
        session
    }
}

#[track_caller]
fn done(answer: &Response) {
    assert!(answer.status < 300, "{}", text(answer));
}

/// An organization in which people have everything that may come with an invitation.
fn people(acme: &Acme) {
    for (email, role) in [(BEN, "member"), (CAT, "view-only"), (DAN, "admin")] {
        acme.joined(email, role);
    }
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    let of = |path: &str| path.replace("/workspaces/", "");
    let own = json!({ "name": "Own", "base": "viewer", "with": ["data.export"] });
    let own = id(&acme.post(&acme.ada, "/roles", &own));
    acme.grant(&north, BEN, &own);
    acme.grant(&south, BEN, "editor");
    acme.grant(&north, ADA, "annotator");
    for (name, owner) in [("Bridge", ADA), ("Dock", BEN), ("Tower", CAT)] {
        let project = json!({ "name": name, "workspace": of(&south) });
        let project = id(&acme.post(&acme.ada, "/projects", &project));
        let owner = json!({ "user_id": acme.user(owner) });
        done(&acme.put(&acme.ada, &format!("/projects/{project}/owner"), &owner));
    }
    for (group, node, members) in [
        (
            json!({ "name": "Crew", "workspace": of(&south) }),
            of(&south),
            &[ADA, BEN, CAT][..],
        ),
        (json!({ "name": "All" }), of(&north), &[BEN, DAN]),
        (json!({ "name": "Nobody" }), of(&north), &[]),
    ] {
        let group = format!("/groups/{}", id(&acme.post(&acme.ada, "/groups", &group)));
        let role = json!({ "role": "viewer" });
        done(&acme.put(&acme.ada, &format!("{group}/grants/{node}"), &role));
        for email in members {
            done(&acme.put(
                &acme.ada,
                &format!("{group}{}", acme.member(email)),
                &json!({}),
            ));
        }
    }
}

/// How long tokens may live there begins with the organization, which is not there yet while it is made.
#[test]
fn an_organization_with_rules_is_made_by_a_token_that_may_not_act_in_it() {
    let acme = lockstep("");
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    acme.rule(&json!({ "effect": "allow", "roles": ["viewer"], "permissions": ["run.read"] }));
    let set = acme.patch(&acme.ada, "", &json!({ "token_lifetime_max_s": 86_400 }));
    assert_eq!(set.status, 200, "{}", text(&set));
    let file = json(&acme.get(&acme.ada, "/export"));
    let request = post(IMPORT_PATH, &file).with_header("x-api-key", &pat);
    let imported = acme.world.send(&request);
    assert_eq!(imported.status, 201, "{}", text(&imported));
    assert_eq!(
        json(&imported)["organization"]["token_lifetime_max_s"],
        86_400
    );
}

#[test]
fn what_everybody_had_is_theirs_again_once_all_have_accepted() {
    let acme = lockstep("");
    people(&acme);
    let mut file = json(&exported(&acme));
    // Nobody gives a person a role on a project by hand; an organization may have come with one.
    let ben = &mut file["members"][1];
    assert_eq!(ben["email"], BEN);
    let on_project = json!({ "node": "project/2", "role": "viewer" });
    ben["grants"].as_array_mut().unwrap().insert(1, on_project);
    let (copy, view) = acme.imported(&file);
    assert_eq!(
        (&view["invitations"], &view["left_out"]),
        (&json!(3), &json!([]))
    );
    let before = json(&exported(&copy));
    assert_eq!(
        before["members"],
        json!([file["members"][0]]),
        "they are not here yet"
    );
    assert_eq!(before["groups"][0]["members"], json!([ADA]));
    assert_eq!(before["projects"][0]["owner"], ADA);
    assert_eq!(before["projects"][1]["owner"], Value::Null);
    let pending = copy.pending();
    let ben = pending.iter().find(|one| one["email"] == BEN).unwrap();
    assert_eq!(
        ben["brings"],
        json!({ "groups": 2, "project_roles": 1, "projects": 1 })
    );
    for email in [CAT, BEN, DAN] {
        copy.came(email);
    }
    assert_eq!(json(&exported(&copy)), file);
}

/// By whoever could have given it: who may share the project.
#[test]
fn a_role_on_a_project_that_came_with_a_file_is_taken_away() {
    let acme = lockstep("");
    people(&acme);
    let mut file = json(&exported(&acme));
    let on_project = json!({ "node": "project/1", "role": "viewer" });
    for (at, email) in [(0, ADA), (2, CAT)] {
        let member = &mut file["members"][at];
        assert_eq!(member["email"], email);
        let grants = member["grants"].as_array_mut().unwrap();
        grants.push(on_project.clone());
    }
    file["groups"] = json!([]);
    let (copy, _) = acme.imported(&file);
    let (ben, cat) = (copy.came(BEN), copy.came(CAT));
    let projects = json(&copy.get(&copy.ada, "/projects"));
    let bridge = projects["projects"][0]["id"].as_str().unwrap().to_owned();
    let may = |session: &str| {
        let resource = json!({ "project": bridge });
        let body = json!({ "permission": "data.read", "resource": resource });
        copy.world.clock.advance_ms(10_000);
        json(&copy.post(session, "/evaluate", &body))["decision"] == json!(true)
    };
    assert!(may(&cat));
    let at = |member: &str| format!("/projects/{bridge}{}", copy.member(member));
    // Ben may see the project, by his role in its workspace.
    super::refused(&copy.delete(&ben, &at(CAT)), 403, "no-grant");
    super::refused(&copy.delete(&cat, &at(CAT)), 403, "capped");
    let workspaces = json(&copy.get(&copy.ada, "/workspaces"));
    let south = workspaces["workspaces"][1]["id"]
        .as_str()
        .unwrap()
        .to_owned();
    for elsewhere in [
        format!("/projects/{south}{}", copy.member(CAT)),
        format!("/workspaces/{bridge}{}", copy.member(CAT)),
        at(BEN),
    ] {
        super::refused(&copy.delete(&copy.ada, &elsewhere), 404, "not-found");
    }
    assert!(may(&cat));
    for email in [CAT, ADA] {
        assert_eq!(copy.delete(&copy.ada, &at(email)).status, 204, "{email}");
        super::refused(&copy.delete(&copy.ada, &at(email)), 404, "not-found");
    }
    assert!(!may(&cat));
    let after = json(&exported(&copy)).to_string();
    assert!(!after.contains(&on_project.to_string()), "{after}");
}

#[test]
fn what_comes_with_an_invitation_is_asked_about_again_when_it_is_accepted() {
    let acme = lockstep("");
    let workspace = |number: usize, name: &str| json!({ "key": format!("workspace/{number}"), "name": name, "archived": false });
    let grants = json!([{ "role": "member" }, { "node": "workspace/2", "role": "viewer" }]);
    let mut file = file_of(
        "lockstep",
        &[
            json!({ "email": BEN, "suspended": false, "grants": [{ "role": "owner" }] }),
            json!({ "email": CAT, "suspended": false, "grants": grants }),
        ],
    );
    file["workspace_admins_invite"] = json!(true);
    file["workspaces"] = json!([workspace(1, "North"), workspace(2, "South")]);
    file["projects"] = json!([{ "key": "project/1", "name": "Dock", "workspace": "workspace/1", "archived": false }]);
    let group = json!({ "name": "All", "members": [CAT], "grants": [{ "node": "workspace/1", "role": "viewer" }] });
    let on_project = json!({ "node": "project/1", "role": "viewer" });
    let mut acme = acme;
    for (at, value, cause) in [
        ("/groups/0", group, "/groups"),
        ("/projects/0/owner", json!(CAT), "/projects"),
        ("/members/1/grants/2", on_project, "/projects"),
    ] {
        let (copy, _) = acme.imported(&refused::with(&file, at, &value));
        let ben = copy.came(BEN);
        let (cat, invitation) = copy.sent(CAT);
        // Ada may invite from the South only, from now on.
        let workspaces = json(&copy.get(&ben, "/workspaces"));
        let south = format!(
            "/workspaces/{}",
            workspaces["workspaces"][1]["id"].as_str().unwrap()
        );
        copy.grant(&south, ADA, "workspace-admin");
        done(&copy.patch(&ben, &copy.member(ADA), &json!({ "role": "member" })));
        super::refused(&copy.accept(&cat, &invitation), 409, "invitation-void");
        super::refused(&copy.get(&cat, ""), 404, "not-found");
        // Without that alone she lets them in.
        let list = json(&copy.get(&ben, cause));
        let things = &list[cause.trim_start_matches('/')];
        let thing = things[0]["id"].as_str().unwrap();
        done(&copy.delete(&ben, &format!("{cause}/{thing}")));
        let accepted = copy.accept(&cat, &invitation);
        assert_eq!(accepted.status, 200, "{at}: {}", text(&accepted));
        acme = copy;
    }
}

#[test]
fn what_somebody_got_meanwhile_stays_theirs() {
    let acme = lockstep("");
    people(&acme);
    let file = json(&exported(&acme));
    let (copy, _) = acme.imported(&file);
    copy.came(DAN);
    // The project that was Ben's is Dan's by now, and there is no group that he was in.
    let projects = json(&copy.get(&copy.ada, "/projects"));
    let dock = &projects["projects"][1];
    assert_eq!(
        (&dock["name"], &dock["owner_id"]),
        (&json!("Dock"), &Value::Null)
    );
    let dock = format!("/projects/{}/owner", dock["id"].as_str().unwrap());
    let dan = json!({ "user_id": copy.user(DAN) });
    done(&copy.put(&copy.ada, &dock, &dan));
    let groups = json(&copy.get(&copy.ada, "/groups"));
    for group in groups["groups"].as_array().unwrap() {
        let group = format!("/groups/{}", group["id"].as_str().unwrap());
        done(&copy.delete(&copy.ada, &group));
    }
    copy.came(BEN);
    let after = json(&exported(&copy));
    assert_eq!(after["groups"], json!([]));
    assert_eq!(after["projects"][1]["owner"], DAN);
    assert_eq!(after["members"][1], file["members"][1]);
}

#[test]
fn what_nobody_gives_by_hand_comes_with_no_invitation() {
    let acme = Acme::in_world(World::with_vars(&[("LOCKSTEP_POLICY", "openlayer")]));
    let grants = json!([{ "role": "member" }, { "node": "project/1", "role": "viewer" }]);
    let ben = json!({ "email": BEN, "suspended": false, "grants": grants });
    let mut file = file_of("openlayer", &[ben]);
    // Whoever owns a project there has it for good.
    file["projects"] =
        json!([{ "key": "project/1", "name": "Dock", "owner": BEN, "archived": false }]);
    file["groups"] = json!([{ "name": "All", "members": [BEN], "grants": [] }]);
    let imported = acme.import(&acme.ada, &file);
    assert_eq!(imported.status, 201, "{}", text(&imported));
    let view = json(&imported);
    assert_eq!(view["left_out_total"], 1, "{view}");
    let left_out = &view["left_out"][0];
    assert_eq!(
        (&left_out["at"], &left_out["code"]),
        (&json!("/projects/0/owner"), &json!("no-grant"))
    );
    assert_eq!(view["invitations"], 1);
}

#[test]
fn an_export_that_names_no_role_that_is_gone_is_imported_under_the_policy_that_dropped_it() {
    let acme = lockstep("");
    fill(&acme);
    let sql = acme.world.objects.database(Class::Organization, &acme.id);
    let sql: &dyn Sql = &*sql.unwrap();
    // As if the policy had had other roles and permissions once.
    let ben = acme.user(BEN);
    for (statement, values) in [
        (
            "UPDATE granted SET role = 'gone' WHERE user = ? AND role IN ('member', 'editor')",
            vec![ben.as_str().into()],
        ),
        (
            "UPDATE granted SET role = 'gone' WHERE role = 'viewer'",
            Vec::new(),
        ),
        ("UPDATE group_granted SET role = 'gone'", Vec::new()),
        (
            "UPDATE custom_role SET definition = REPLACE(definition, 'data.share', 'data.gone')",
            Vec::new(),
        ),
    ] {
        sql.exec(statement, &values).unwrap();
    }
    let role = json!({ "name": "Odd", "base": "viewer", "with": ["data.export"] });
    id(&acme.post(&acme.ada, "/roles", &role));
    let odd = "UPDATE custom_role SET definition = REPLACE(definition, '\"Odd\",\"base\":\"viewer\"', '\"Odd\",\"base\":\"gone\"')";
    sql.exec(odd, &[]).unwrap();
    let widened = "UPDATE custom_role SET definition = REPLACE(definition, '\"data.export\"', '\"data.export\",\"data.gone\"')";
    sql.exec(widened, &[]).unwrap();

    let file = json(&exported(&acme));
    assert!(!file.to_string().contains("gone"), "{file}");
    assert_eq!(file["roles"].as_array().unwrap().len(), 1, "{file}");
    assert_eq!(file["rules"], Value::Null, "it denies nothing any more");
    let ben = &file["members"][1];
    let own = json!([{ "node": "workspace/1", "role": "role/1" }]);
    assert_eq!((&ben["email"], &ben["grants"]), (&json!(BEN), &own));
    assert_eq!(file["service_accounts"][0]["grants"], json!([]));
    let (copy, view) = acme.imported(&file);
    assert_eq!(view["invitations"], 0);
    let places: Vec<&Value> = view["left_out"].as_array().unwrap().iter().collect();
    assert_eq!(places[0]["at"], "/members/1", "{view}");
    assert_eq!(places[0]["code"], "conflict");
    let again = json(&exported(&copy));
    assert_eq!(again["roles"], file["roles"]);
}

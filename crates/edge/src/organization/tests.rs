//! The organization object behind its routes, on a real database and with a clock that is set by hand.
//! Tests are named after the rows of the threat list they hold against, where there is one.

mod addresses;
mod audit;
mod authzen;
mod burdens;
mod clocks;
mod commands;
mod consistency;
mod deploys;
mod domains;
mod edits;
mod ending;
mod events;
mod exchange;
mod export;
mod gone;
mod groups;
mod histories;
mod import;
mod introspection;
mod invitations;
mod issuers;
mod kept;
mod known;
mod lifting;
mod limits;
mod links;
mod mails;
mod many;
mod members;
mod mixes;
mod moves;
mod naughty;
mod node_members;
mod notifications;
mod offers;
mod pages;
mod place;
mod plans;
mod queries;
mod races;
mod readme;
mod repeats;
mod returns;
mod roles;
mod routes;
mod rules;
mod scopes;
mod sensitive;
mod service_accounts;
mod service_keys;
mod settings;
mod slugs;
mod streams;
mod structure;
mod suspension;
mod tokens;
mod trials;
mod twins;
mod webhooks;
mod workspace_admins;

use std::rc::Rc;

use lockstep_wire::{CompiledPolicy, PolicyDocument};
use serde_json::{Value, json};

use crate::{
    http::{Method, Request, Response},
    objects::Class,
    sql::Sql,
    testing::{World, config, json, post, text, write},
};

const ADA: &str = "ada@example.com";
const BEN: &str = "ben@example.com";
const CAT: &str = "cat@example.com";
const DAN: &str = "dan@example.com";

/// A world with an organization that Ada created.
struct Acme {
    world: World,
    /// Ada's session.
    ada: String,
    /// The organization's id.
    id: String,
}

impl Acme {
    fn new() -> Self {
        Self::in_world(World::new())
    }

    fn in_world(world: World) -> Self {
        let ada = world.sign_in(ADA);
        let created = world.send(
            &post("/v1/organizations", &json!({ "name": "Acme" })).with_header("cookie", &ada),
        );
        assert_eq!(created.status, 201, "{}", text(&created));
        let id = json(&created)["id"].as_str().unwrap().to_owned();
        world.settle();
        Self { world, ada, id }
    }

    fn path(&self, rest: &str) -> String {
        format!("/v1/organizations/{}{rest}", self.id)
    }

    fn get(&self, session: &str, rest: &str) -> Response {
        self.world
            .send(&Request::new(Method::Get, self.path(rest)).with_header("cookie", session))
    }

    fn post(&self, session: &str, rest: &str, body: &Value) -> Response {
        self.world
            .send(&post(&self.path(rest), body).with_header("cookie", session))
    }

    fn patch(&self, session: &str, rest: &str, body: &Value) -> Response {
        self.world
            .send(&write(Method::Patch, &self.path(rest), body).with_header("cookie", session))
    }

    fn put(&self, session: &str, rest: &str, body: &Value) -> Response {
        self.world
            .send(&write(Method::Put, &self.path(rest), body).with_header("cookie", session))
    }

    fn delete(&self, session: &str, rest: &str) -> Response {
        // Who deletes the organization types its name.
        let query = if rest.is_empty() { "name=Acme" } else { "" };
        self.delete_with(session, rest, query)
    }

    fn delete_with(&self, session: &str, rest: &str, query: &str) -> Response {
        let request = Request::new(Method::Delete, self.path(rest))
            .with_query(query)
            .with_header("origin", crate::testing::ORIGIN)
            .with_header("cookie", session);
        self.world.send(&request)
    }

    fn invite(&self, session: &str, email: &str, role: &str) -> Response {
        self.post(
            session,
            "/invitations",
            &json!({ "email": email, "role": role }),
        )
    }

    /// As if a day had passed since the last invitation was mailed.
    fn forget_mails(&self) {
        self.execute("DELETE FROM invitation_mail");
    }

    /// Changes what the organization's object has stored, behind its back.
    fn execute(&self, statement: &str) {
        let sql = self.world.objects.database(Class::Organization, &self.id);
        let sql: &dyn Sql = &*sql.unwrap();
        sql.exec(statement, &[]).unwrap();
    }

    /// Invites an address as Ada; answers the invitation's id.
    fn invited(&self, email: &str, role: &str) -> String {
        let invited = self.invite(&self.ada, email, role);
        assert_eq!(invited.status, 201, "{}", text(&invited));
        self.world.settle();
        json(&invited)["id"].as_str().unwrap().to_owned()
    }

    fn accept(&self, session: &str, invitation: &str) -> Response {
        self.post(
            session,
            &format!("/invitations/{invitation}/accept"),
            &json!({}),
        )
    }

    /// Somebody who was invited by Ada and accepted; answers their session.
    fn joined(&self, email: &str, role: &str) -> String {
        let invitation = self.invited(email, role);
        let session = self.world.sign_in(email);
        let accepted = self.accept(&session, &invitation);
        assert_eq!(accepted.status, 200, "{}", text(&accepted));
        self.world.settle();
        session
    }

    fn list_of_members(&self) -> Value {
        let members = Request::new(Method::Get, self.path("/members")).with_query("limit=200");
        json(&self.world.send(&members.with_header("cookie", &self.ada)))
    }

    /// The members as (address, role), in the order of joining.
    fn members(&self) -> Vec<(String, String)> {
        let view = self.list_of_members();
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        let members = view["members"].as_array().unwrap();
        members
            .iter()
            .map(|member| (text(&member["email"]), text(&member["role"])))
            .collect()
    }

    /// The path of a member.
    fn member(&self, email: &str) -> String {
        let view = self.list_of_members();
        let members = view["members"].as_array().unwrap();
        let member = members
            .iter()
            .find(|member| member["email"] == email)
            .unwrap();
        format!("/members/{}", member["user_id"].as_str().unwrap())
    }

    /// The user id of a member.
    fn user(&self, email: &str) -> String {
        self.member(email).replace("/members/", "")
    }

    /// A workspace that Ada made; answers its path.
    fn workspace(&self, name: &str) -> String {
        let created = self.post(&self.ada, "/workspaces", &json!({ "name": name }));
        assert_eq!(created.status, 201, "{}", text(&created));
        format!("/workspaces/{}", id(&created))
    }

    /// A role that the organization makes of another one; answers its id.
    fn role(&self, base: &str, with: &[&str]) -> String {
        let role = json!({ "name": "Own", "base": base, "with": with });
        let made = self.post(&self.ada, "/roles", &role);
        assert_eq!(made.status, 201, "{}", text(&made));
        id(&made)
    }

    /// From now on the role of a member in the organization ends some day: law 7 does not count them.
    fn let_end(&self, email: &str) {
        let (user, organization) = (self.user(email), &self.id);
        self.execute(&format!("UPDATE granted SET expires_at_ms = 9000000000000 WHERE user = '{user}' AND node = '{organization}'"));
    }

    /// Gives somebody a role in a workspace, as Ada.
    fn grant(&self, workspace: &str, email: &str, role: &str) {
        let path = format!("{workspace}{}", self.member(email));
        let set = self.put(&self.ada, &path, &json!({ "role": role }));
        assert_eq!(set.status, 200, "{}", text(&set));
    }

    /// Whether somebody may do it in the workspace of that path.
    fn may_in(&self, session: &str, permission: &str, workspace: &str) -> bool {
        let resource = json!({ "workspace": workspace.replace("/workspaces/", "") });
        let body = json!({ "permission": permission, "resource": resource });
        let answer = self.post(session, "/evaluate", &body);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["decision"].as_bool().unwrap()
    }

    fn evaluate(&self, session: &str, permission: &str) -> Response {
        self.post(session, "/evaluate", &json!({ "permission": permission }))
    }

    fn may(&self, session: &str, permission: &str) -> bool {
        let answer = self.evaluate(session, permission);
        assert_eq!(answer.status, 200, "{}", text(&answer));
        json(&answer)["decision"].as_bool().unwrap()
    }
}

/// The id in an answer.
fn id(response: &Response) -> String {
    json(response)["id"].as_str().unwrap().to_owned()
}

/// An organization under Lockstep's own policy, and faults of the stores.
fn lockstep(faults: &str) -> Acme {
    let vars = [("LOCKSTEP_POLICY", "lockstep"), ("LOCKSTEP_FAULTS", faults)];
    Acme::in_world(World::with_vars(&vars))
}

/// An organization under Lockstep's own policy with changes.
fn lockstep_with(change: impl FnOnce(&mut PolicyDocument)) -> Acme {
    let mut config = config(&[("LOCKSTEP_POLICY", "lockstep")]);
    let mut document = config.policy.document.clone();
    change(&mut document);
    let document = serde_json::to_string(&document).unwrap();
    config.policy = Rc::new(CompiledPolicy::from_json(&document).unwrap());
    Acme::in_world(World::of(config))
}

/// Lets exactly these roles do what `permission` names.
fn allow(document: &mut PolicyDocument, permission: &str, roles: &[&str]) {
    let mut permissions = document.permissions.iter_mut();
    let known = permissions.find(|known| known.id == permission).unwrap();
    known.allow = roles.iter().map(|role| (*role).to_owned()).collect();
}

#[track_caller]
fn refused(response: &Response, status: u16, code: &str) {
    assert_eq!(
        (response.status, json(response)["code"].as_str()),
        (status, Some(code)),
        "{}",
        text(response)
    );
}

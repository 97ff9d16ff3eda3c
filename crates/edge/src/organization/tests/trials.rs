//! What KV and the objects promise, put to trial thousands of times: whatever is revoked, by whatever credential somebody comes, whatever KV does (threats M7, W6, W7).
//!
//! A trial is drawn by chance from `LOCKSTEP_SEED`; `LOCKSTEP_TRIALS` and `LOCKSTEP_CHECKS` say how many there are.

mod epochs;
mod gone;
mod granted;
mod revoked;

use serde_json::{Value, json};

use super::{ADA, Acme, BEN, consistency::KV_FAULTS, issuers::Idp};
use crate::{
    edge::Edge,
    http::{Method, Request, Response},
    testing::{START_MS, World, environment, json, text, write},
};

/// Trials of each kind of credential; `cargo xtask soak marks` has 2,000.
const TRIALS: u64 = 240;
/// Trials in one world. Each account that is gone leaves a key in KV; where every put hangs, the test's clock waits
/// five seconds for one after the other, and from sixty keys on the first is due again before the last was tried.
const TRIALS_OF_A_WORLD: u64 = 40;
/// Sensitive, in a workspace; its admins hold it and its viewers do not.
const SENSITIVE: &str = "workspace.update";
/// Not sensitive, and of the same people.
const ORDINARY: &str = "workspace-settings.read";
/// Between two mails with codes, so that no limit of those is met, in milliseconds.
const CODES_MS: i64 = 900_000;
/// How long a session is used before somebody signs in anew, in milliseconds.
const SIGNED_IN_MS: i64 = 36_000_000;

/// What KV does in the trials; no fault at all is one of them.
fn faults() -> Vec<&'static str> {
    let more = ["", r#"{"kv":{"fault":"stale","for_ms":600000}}"#];
    KV_FAULTS.into_iter().chain(more).collect()
}

/// How many trials each fault gets, so that together they are as many as wanted.
fn trials_of_each_fault(name: &str, usual: u64) -> u64 {
    let wanted = environment(name, usual);
    wanted.div_ceil(u64::try_from(faults().len()).unwrap())
}

/// How many trials each of the worlds has in which there are `each` of them together.
fn worlds(each: u64) -> impl Iterator<Item = u64> {
    let begins = (0..each).step_by(usize::try_from(TRIALS_OF_A_WORLD).unwrap());
    begins.map(move |begun| TRIALS_OF_A_WORLD.min(each - begun))
}

/// How somebody proves who they are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    DeploymentJwt,
    OrganizationJwt,
    PersonalToken,
    ServiceKey,
    Session,
}

/// Somebody with one credential who runs a workspace, and what it takes to make them that again.
struct Trial {
    acme: Acme,
    kind: Kind,
    /// The issuers of the deployment and of the organization.
    issuers: [Idp; 2],
    issuer: Option<String>,
    workspace: String,
    /// The header that proves who this is.
    header: (&'static str, String),
    /// The path of what ends the credential alone.
    credential: String,
    /// The session of whoever made the personal token.
    session: String,
    /// The path of the member or of the service account.
    principal: String,
    signed_in_at_ms: i64,
    /// How many people there were before, by an issuer of the organization: who was removed comes by it no more.
    people: u32,
}

impl Trial {
    fn new(kind: Kind, faults: &str) -> Self {
        let issuers = [Idp::named(7, "https://login.example"), Idp::new(8)];
        let records = json!([issuers[0].record()]).to_string();
        let vars = [
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_FAULTS", faults),
            ("LOCKSTEP_ISSUERS", records.as_str()),
            ("LOCKSTEP_EMAIL_ISSUERS", r#"["https://login.example"]"#),
        ];
        let acme = Acme::in_world(World::with_vars(&vars));
        acme.workspace("First");
        let mut trial = Self {
            workspace: acme.workspace("North"),
            acme,
            kind,
            issuers,
            issuer: None,
            header: ("x-api-key", String::new()),
            credential: String::new(),
            session: String::new(),
            principal: String::new(),
            signed_in_at_ms: START_MS,
            people: 0,
        };
        if kind == Kind::OrganizationJwt {
            trial.issuer = Some(trial.acme.issuer(&trial.issuers[1], Some("member")));
        }
        trial.enroll();
        trial
    }

    fn now_ms(&self) -> i64 {
        self.acme.world.edge.clock.now_ms()
    }

    fn wait(&self, by_ms: i64) {
        self.acme.world.clock.advance_ms(by_ms);
    }

    /// Somebody new with a new credential, who runs the workspace.
    fn enroll(&mut self) {
        if self.kind == Kind::ServiceKey {
            return self.account();
        }
        match self.kind {
            Kind::DeploymentJwt => self.bear(0, "ben"),
            Kind::OrganizationJwt => {
                self.people += 1;
                self.bear(1, &format!("ben-{}", self.people));
            }
            _ => self.sign_in(),
        }
        self.join();
    }

    fn account(&mut self) {
        let workspace = self.workspace.replace("/workspaces/", "");
        let grant = json!({ "role": "workspace-admin", "node": workspace });
        self.principal = self.acme.account(&[grant]);
        self.key();
    }

    fn key(&mut self) {
        let body = json!({ "name": "ci" });
        let (path, secret) = self.acme.key(&self.acme.ada, &self.principal, &body);
        self.credential = path;
        self.header = ("x-api-key", secret);
    }

    fn bear(&mut self, issuer: usize, subject: &str) {
        let now_s = self.now_ms() / 1_000;
        let claims = json!({
            "iat": now_s, "exp": now_s + 3_600, "email": BEN, "email_verified": true,
        });
        let token = self.issuers[issuer].token_with(subject, &claims);
        self.header = ("authorization", format!("Bearer {token}"));
    }

    fn sign_in(&mut self) {
        self.wait(CODES_MS);
        self.session = self.acme.world.sign_in(BEN);
        if self.kind == Kind::PersonalToken {
            return self.personal_token();
        }
        self.credential = "/v1/session".to_owned();
        self.header = ("cookie", self.session.clone());
    }

    fn personal_token(&mut self) {
        let (id, token) = self.acme.token(&self.session, &json!({ "name": "ci" }));
        self.credential = format!("/v1/me/tokens/{id}");
        self.header = ("x-api-key", token);
    }

    /// Who comes back does so without the tokens that there were.
    fn return_with_another_token(&mut self) {
        self.join();
        assert!(!self.may(&self.acme.world.edge, ORDINARY), "it came back");
        self.personal_token();
    }

    /// Whoever has a session for long signs in anew, before it gets another secret.
    fn stay_signed_in(&mut self) {
        if self.now_ms() < self.signed_in_at_ms + SIGNED_IN_MS {
            return;
        }
        self.wait(CODES_MS);
        self.acme.ada = self.acme.world.sign_in(ADA);
        if matches!(self.kind, Kind::PersonalToken | Kind::Session) {
            self.sign_in();
        }
        self.signed_in_at_ms = self.now_ms();
    }

    /// Makes them a member who runs the workspace, unless they are one.
    fn join(&mut self) {
        let read = self.send(&self.acme.world.edge, Method::Get, "", &json!({}));
        if read.status != 200 {
            self.acme.forget_mails();
            let invitation = self.acme.invited(BEN, "member");
            let accept = format!("/invitations/{invitation}/accept");
            let accepted = self.send(&self.acme.world.edge, Method::Post, &accept, &json!({}));
            assert_eq!(accepted.status, 200, "{}", text(&accepted));
        }
        let members = self.acme.list_of_members();
        let mut members = members["members"].as_array().unwrap().iter().rev();
        let other = members.find(|member| member["role"] != "owner").unwrap();
        self.principal = format!("/members/{}", other["user_id"].as_str().unwrap());
        self.give("workspace-admin");
    }

    /// Gives them a role in the workspace.
    fn give(&self, role: &str) {
        let given = self.set_role(role);
        assert!(given.status < 300, "{}", text(&given));
    }

    fn set_role(&self, role: &str) -> Response {
        let workspace = self.workspace.replace("/workspaces/", "");
        let acme = &self.acme;
        if self.kind == Kind::ServiceKey {
            let grants = json!({ "grants": [{ "role": role, "node": workspace }] });
            return acme.patch(&acme.ada, &self.principal, &grants);
        }
        let path = format!("{}{}", self.workspace, self.principal);
        acme.put(&acme.ada, &path, &json!({ "role": role }))
    }

    /// Switches the key, or the issuer, off or on.
    fn switch(&self, active: bool) -> Response {
        let path = self.issuer.as_ref().unwrap_or(&self.credential);
        let body = json!({ "active": active });
        self.acme.patch(&self.acme.ada, path, &body)
    }

    fn send(&self, isolate: &Edge, method: Method, rest: &str, body: &Value) -> Response {
        let path = self.acme.path(rest);
        let request = match method {
            Method::Get => Request::new(Method::Get, path),
            _ => write(method, &path, body),
        };
        let (name, value) = &self.header;
        let request = request.with_header(name, value);
        self.acme.world.send_to(isolate, &request)
    }

    /// A question to an isolate.
    fn ask(&self, isolate: &Edge, permission: &str) -> Response {
        let resource = json!({ "workspace": self.workspace.replace("/workspaces/", "") });
        let body = json!({ "permission": permission, "resource": resource });
        self.send(isolate, Method::Post, "/evaluate", &body)
    }

    fn may(&self, isolate: &Edge, permission: &str) -> bool {
        let answer = self.ask(isolate, permission);
        self.is_answer(&answer);
        answer.status == 200 && json(&answer)["decision"] == true
    }

    /// What is over is refused: an edge that fails for it is no proof.
    fn is_answer(&self, answer: &Response) {
        let (kind, status) = (self.kind, answer.status);
        assert!(
            matches!(status, 200 | 401 | 403 | 404),
            "{kind:?}: {status} {}",
            text(answer)
        );
    }

    /// The sensitive thing itself instead of the question.
    fn does(&self, isolate: &Edge) -> bool {
        let body = json!({ "name": "North" });
        let answer = self.send(isolate, Method::Patch, &self.workspace, &body);
        self.is_answer(&answer);
        answer.status == 200
    }

    /// A workspace in the place of one that was deleted.
    fn rebuild(&mut self) {
        self.workspace = self.acme.workspace("North");
    }

    /// Isolates of which only the first is told what the others do.
    fn isolates(&self) -> [Edge; 3] {
        let world = &self.acme.world;
        [world.edge.clone(), world.isolate(), world.isolate()]
    }
}

//! Who acts in a history, and by what: sessions, JWTs of two kinds of issuers, personal tokens and service keys.

use lockstep_core::{TokenLimit, Window};
use serde_json::{Value, json};

use super::{
    super::{Acme, issuers::Idp, plans::KEY},
    asked::Asked,
    named::Planned,
    picture::unsigned,
};
use crate::{
    edge::{Clock, Edge},
    http::Response,
    testing::{World, cookies, json, post, text},
};

/// Those who sign in; the first makes the organization. The last have addresses of the domain that it claims.
const SIGNED_IN: [&str; 6] = [
    "ann@example.com",
    "ben@example.com",
    "cat@example.com",
    "dan@example.com",
    "eve@people.example",
    "fay@people.example",
];
/// Those whom an issuer of the deployment vouches for, with their addresses.
const VOUCHED: [&str; 2] = ["gus@example.com", "hal@people.example"];
/// How issuers of the organization call people.
pub(super) const SUBJECTS: [&str; 2] = ["ida", "jon"];
const DEPLOYMENT: &str = "https://login.example";
/// Between two mails with codes, so that no limit of those is met, in milliseconds.
const CODES_MS: i64 = 900_000;

/// Somebody with an account.
pub(super) struct Person {
    pub(super) email: String,
    pub(super) user: String,
    /// The cookie of who has signed in; a JWT's, who has none.
    session: Option<String>,
    signs_in: bool,
}

/// A personal token or a service key.
#[derive(Debug, Clone)]
pub(super) struct Secret {
    pub(super) principal: String,
    pub(super) id: String,
    pub(super) text: String,
    /// From when on it was this secret.
    made_at_ms: i64,
    scopes: Option<Vec<String>>,
    node: Option<String>,
    expires_at_ms: Option<i64>,
    pub(super) is_key: bool,
}

impl Secret {
    /// What it is narrowed to, for a principal whose tokens count from `since_ms` on.
    pub(super) fn limit(&self, since_ms: Option<i64>) -> TokenLimit {
        let is_older = !self.is_key && since_ms.is_some_and(|since_ms| self.made_at_ms < since_ms);
        TokenLimit {
            permissions: if is_older {
                Some(Vec::new())
            } else {
                self.scopes.clone()
            },
            node: self.node.clone(),
            window: Window {
                not_before_ms: None,
                expires_at_ms: self.expires_at_ms.map(unsigned),
            },
        }
    }

    pub(super) const fn is_narrow(&self) -> bool {
        self.scopes.is_some() || self.node.is_some()
    }
}

/// Who asks for something, by one credential.
#[derive(Debug, Clone)]
pub(super) struct Who {
    pub(super) principal: String,
    header: (&'static str, String),
    /// The number of the person whose session or JWT it is.
    pub(super) person: Option<usize>,
    pub(super) secret: Option<Secret>,
    /// Whether an issuer of the organization vouches for them.
    pub(super) is_vouched: bool,
}

impl Who {
    /// Somebody else, to be looked at.
    pub(super) fn as_if(&self, principal: &str) -> Self {
        Self {
            principal: principal.to_owned(),
            ..self.clone()
        }
    }
}

pub(super) struct Cast {
    pub(super) acme: Acme,
    pub(super) people: Vec<Person>,
    deployment: Idp,
    /// The organization's own.
    pub(super) idps: [Idp; 2],
    pub(super) secrets: Vec<Secret>,
    /// What counts no more, for ever.
    pub(super) dead: Vec<String>,
    /// Links, each with its secret.
    pub(super) links: Vec<(String, String)>,
}

impl Cast {
    pub(super) fn new(faults: &str) -> Self {
        let deployment = Idp::named(7, DEPLOYMENT);
        let records = json!([deployment.record()]).to_string();
        let world = World::with_vars(&[
            ("LOCKSTEP_POLICY", "lockstep"),
            ("LOCKSTEP_FAULTS", faults),
            ("LOCKSTEP_ISSUERS", &records),
            ("LOCKSTEP_EMAIL_ISSUERS", r#"["https://login.example"]"#),
            ("LOCKSTEP_OPERATOR_KEY", KEY),
        ]);
        let ada = world.sign_in(SIGNED_IN[0]);
        let made =
            post("/v1/organizations", &json!({ "name": "Acme" })).with_header("cookie", &ada);
        let id = super::super::id(&world.send(&made));
        let mut cast = Self {
            acme: Acme { world, ada, id },
            people: Vec::new(),
            deployment,
            idps: [8, 9].map(Idp::new),
            secrets: Vec::new(),
            dead: Vec::new(),
            links: Vec::new(),
        };
        for (email, signs_in) in SIGNED_IN
            .map(|it| (it, true))
            .into_iter()
            .chain(VOUCHED.map(|it| (it, false)))
        {
            cast.people.push(Person {
                email: email.to_owned(),
                user: String::new(),
                session: None,
                signs_in,
            });
            let at = cast.people.len() - 1;
            let who = cast.person(at);
            let me = cast.send(None, &who, &Asked::get("/v1/me".to_owned()));
            cast.people[at].user = json(&me)["user"]["id"].as_str().unwrap().to_owned();
        }
        cast.begin();
        cast
    }

    /// Somebody of each kind, so that the first steps are about something.
    fn begin(&mut self) {
        let north = self.acme.workspace("North");
        let workspace = north.replace("/workspaces/", "");
        let body = json!({ "name": "Bridge", "workspace": workspace });
        let made = self.acme.post(&self.acme.ada, "/projects", &body);
        assert_eq!(made.status, 201, "{}", text(&made));
        for (at, role, in_north) in [
            (1, "admin", None),
            (2, "member", Some("workspace-admin")),
            (3, "member", Some("editor")),
        ] {
            let email = self.people[at].email.clone();
            let invitation = self.acme.invited(&email, role);
            let accept = self.acme.path(&format!("/invitations/{invitation}/accept"));
            let who = self.person(at);
            let accepted = self.send(None, &who, &Asked::post(&accept, &json!({})));
            assert_eq!(accepted.status, 200, "{}", text(&accepted));
            if let Some(role) = in_north {
                self.acme.grant(&north, &email, role);
            }
        }
    }

    /// Whether somebody signs in, and has a token of their own if they need one.
    pub(super) fn fits(&self, at: usize, needs_token: bool) -> bool {
        let Person { user, signs_in, .. } = &self.people[at];
        let mut secrets = self.secrets.iter();
        let has_token = secrets.any(|secret| !secret.is_key && secret.principal == *user);
        *signs_in && (has_token || !needs_token)
    }

    pub(super) fn world(&self) -> &World {
        &self.acme.world
    }

    pub(super) fn now_ms(&self) -> i64 {
        self.acme.world.clock.now_ms()
    }

    /// By a session, which begins when there is none, or a JWT.
    pub(super) fn person(&mut self, at: usize) -> Who {
        let header = if self.people[at].signs_in {
            if self.people[at].session.is_none() {
                let session = self.acme.world.sign_in(&self.people[at].email);
                self.people[at].session = Some(session);
            }
            ("cookie", self.people[at].session.clone().unwrap())
        } else {
            let person = &self.people[at];
            let more = json!({ "email": person.email, "email_verified": true });
            (
                "authorization",
                self.bearer(&self.deployment, &person.email, &more),
            )
        };
        Who {
            principal: self.people[at].user.clone(),
            header,
            person: Some(at),
            secret: None,
            is_vouched: false,
        }
    }

    /// By a token of one of the organization's own issuers, whoever that is here.
    pub(super) fn vouched(&self, idp: usize, subject: &str, principal: &str) -> Who {
        Who {
            principal: principal.to_owned(),
            header: (
                "authorization",
                self.bearer(&self.idps[idp], subject, &json!({})),
            ),
            person: None,
            secret: None,
            is_vouched: true,
        }
    }

    pub(super) fn bearing(secret: &Secret) -> Who {
        Who {
            principal: secret.principal.clone(),
            header: ("x-api-key", secret.text.clone()),
            person: None,
            secret: Some(secret.clone()),
            is_vouched: false,
        }
    }

    pub(super) fn operator() -> Who {
        Who {
            principal: "operator".to_owned(),
            header: ("authorization", format!("Bearer {KEY}")),
            person: None,
            secret: None,
            is_vouched: false,
        }
    }

    /// They sign in anew, once no limit of mails is met by that.
    pub(super) fn forget_session(&mut self, at: usize) {
        self.acme.world.clock.advance_ms(CODES_MS);
        self.people[at].session = None;
    }

    /// Somebody, without any credential.
    pub(super) fn named(&self, at: usize) -> Who {
        Who {
            principal: self.people[at].user.clone(),
            header: ("accept", "*/*".to_owned()),
            person: Some(at),
            secret: None,
            is_vouched: false,
        }
    }

    pub(super) fn signs_in(&self, at: usize) -> bool {
        self.people[at].signs_in
    }

    fn bearer(&self, idp: &Idp, subject: &str, more: &Value) -> String {
        let now_s = self.now_ms() / 1_000;
        let mut claims = json!({ "iat": now_s, "exp": now_s + 3_600 });
        for (name, value) in more.as_object().unwrap() {
            claims[name] = value.clone();
        }
        format!("Bearer {}", idp.token_with(subject, &claims))
    }

    /// A request to an isolate, or to the first one; a session's new secret takes the place of the old one.
    pub(super) fn send(&mut self, isolate: Option<&Edge>, who: &Who, asked: &Asked) -> Response {
        let (name, value) = &who.header;
        let request = asked.request().with_header(name, value);
        let world = &self.acme.world;
        let answer = match isolate {
            Some(isolate) => world.send_to(isolate, &request),
            None => world.send(&request),
        };
        assert!(
            answer.status < 500,
            "{} {}: {}",
            request.method.as_str(),
            request.path,
            text(&answer)
        );
        if let (Some(at), true) = (who.person, cookies(&answer).contains("session")) {
            self.people[at].session = Some(cookies(&answer));
        }
        answer
    }

    /// What a change that was made means for credentials.
    pub(super) fn follow(&mut self, kind: &str, planned: &Planned, answer: &Response) {
        let Planned { who, request, .. } = planned;
        let body: Value = serde_json::from_slice(answer.bytes()).unwrap_or_default();
        let parts: Vec<&str> = request.path.split('/').collect();
        match kind {
            "token-create" => self.keep(&body, &who.principal.clone(), false),
            "key-create" => self.keep(&body, parts[5], true),
            "token-rotate" | "key-rotate" => {
                let named = &body["id"];
                let replaced = self.secrets.iter().position(|known| *named == known.id);
                // Not all are ours: some were made before somebody signed out.
                if let (Some(at), Some(secret)) = (replaced, body["token"].as_str()) {
                    let old = std::mem::replace(&mut self.secrets[at].text, secret.to_owned());
                    self.secrets[at].made_at_ms = self.now_ms();
                    self.dead.push(old);
                }
            }
            "token-delete" | "key-delete" => {
                let id = parts[parts.len() - 1];
                self.bury(|secret| secret.id == id);
            }
            "account-delete" => self.bury(|secret| secret.principal == parts[5]),
            "sign-out" | "session-close" => {
                self.forget_session(who.person.unwrap());
                if kind == "sign-out" {
                    self.bury(|secret| !secret.is_key && secret.principal == who.principal);
                }
            }
            "link-create" => {
                let [id, token] =
                    ["id", "token"].map(|name| body[name].as_str().unwrap().to_owned());
                self.links.push((id, token));
            }
            _ => {}
        }
    }

    fn keep(&mut self, body: &Value, principal: &str, is_key: bool) {
        let node = if is_key {
            &body["node"]
        } else {
            &body["subtree"]["node"]
        };
        let scopes = body["scopes"].as_array().map(|scopes| {
            let scopes = scopes
                .iter()
                .map(|scope| scope.as_str().unwrap().to_owned());
            scopes.collect()
        });
        self.secrets.push(Secret {
            principal: principal.to_owned(),
            id: body["id"].as_str().unwrap().to_owned(),
            text: body["token"].as_str().unwrap().to_owned(),
            made_at_ms: self.now_ms(),
            scopes,
            node: node.as_str().map(str::to_owned),
            expires_at_ms: body["expires_at_ms"].as_i64(),
            is_key,
        });
    }

    fn bury(&mut self, is_over: impl Fn(&Secret) -> bool) {
        let over = self.secrets.extract_if(.., |secret| is_over(secret));
        self.dead.extend(over.map(|secret| secret.text));
    }
}

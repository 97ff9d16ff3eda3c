//! Identity providers that an organization registers.

mod ends;
mod records;
mod rights;
mod strangers;
mod tokens;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use ed25519_dalek::{Signer, SigningKey};
use serde_json::{Value, json};

use super::{ADA, Acme, BEN, CAT, id, lockstep, plans, refused};
use crate::{
    edge::Edge,
    http::{Method, Request, Response},
    objects::Class,
    organization::{self, AdmissionCommand, Command, Freshness, OrganizationObject, StoredIssuers},
    problem::Code,
    testing::{Answers, START_MS, World, json, post, text, write},
};

/// The bound for what is not sensitive, in milliseconds; README states it.
const BOUND_MS: i64 = 10_000;
/// Every member holds it, and it is not sensitive.
const ORDINARY: &str = "organization.read";
/// No member but admins holds it, and it is sensitive.
const SENSITIVE: &str = "organization.update";
/// The name that every identity provider of these tests has.
const NAME: &str = "https://idp.example";

/// An identity provider with a key of its own.
pub(super) struct Idp {
    seed: u8,
    pub(super) name: String,
}

impl Idp {
    pub(super) fn new(seed: u8) -> Self {
        let name = format!("{NAME}/{seed}");
        Self { seed, name }
    }

    /// One that calls itself `name`.
    pub(super) fn named(seed: u8, name: &str) -> Self {
        let name = name.to_owned();
        Self { seed, name }
    }

    fn key(&self) -> SigningKey {
        SigningKey::from_bytes(&[self.seed; 32])
    }

    /// The set that it publishes. All of them call their key `k1`.
    fn keys(&self) -> Value {
        let x = URL_SAFE_NO_PAD.encode(self.key().verifying_key().as_bytes());
        json!({ "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": x }] })
    }

    pub(super) fn record(&self) -> Value {
        json!({
            "issuer": self.name, "audiences": ["lockstep"], "algorithms": ["EdDSA"], "keys": self.keys(),
        })
    }

    /// What registers it.
    pub(super) fn body(&self, role: Option<&str>) -> Value {
        let mut body = json!({ "record": self.record() });
        if let Some(role) = role {
            body["role"] = json!(role);
        }
        body
    }

    /// A token for `subject`, with other claims put in.
    pub(super) fn token_with(&self, subject: &str, changes: &Value) -> String {
        let now_s = START_MS / 1_000;
        let mut claims = json!({
            "iss": self.name, "aud": "lockstep", "sub": subject, "iat": now_s, "exp": now_s + 3_600,
        });
        for (name, value) in changes.as_object().unwrap() {
            claims[name] = value.clone();
        }
        let encode = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
        let header = encode(&json!({ "alg": "EdDSA", "kid": "k1" }));
        let message = format!("{header}.{}", encode(&claims));
        let signature = self.key().sign(message.as_bytes()).to_bytes();
        format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    pub(super) fn token(&self, subject: &str) -> String {
        self.token_with(subject, &json!({}))
    }
}

impl Acme {
    /// Registers an identity provider as Ada; answers its path.
    pub(super) fn issuer(&self, idp: &Idp, role: Option<&str>) -> String {
        let made = self.post(&self.ada, "/issuers", &idp.body(role));
        assert_eq!(made.status, 201, "{}", text(&made));
        format!("/issuers/{}", id(&made))
    }

    /// A request with a token as bearer, to an isolate.
    pub(super) fn bear(
        &self,
        isolate: &Edge,
        token: &str,
        method: Method,
        rest: &str,
        body: &Value,
    ) -> Response {
        let path = self.path(rest);
        let request = match method {
            Method::Get => Request::new(Method::Get, path),
            _ => write(method, &path, body),
        };
        let request = request.with_header("authorization", &format!("Bearer {token}"));
        self.world.send_to(isolate, &request)
    }

    fn read_by(&self, token: &str, rest: &str) -> Response {
        self.bear(&self.world.edge, token, Method::Get, rest, &json!({}))
    }

    /// The members that come by an issuer, as (subject, role).
    fn vouched(&self) -> Vec<(String, String)> {
        let view = json(&self.get(&self.ada, "/members"));
        let members = view["members"].as_array().unwrap().iter();
        let vouched = members.filter(|member| member["issuer"].is_string());
        let text = |value: &Value| value.as_str().unwrap().to_owned();
        vouched
            .map(|member| (text(&member["subject"]), text(&member["role"])))
            .collect()
    }

    /// The path of the member whom an issuer calls `subject`.
    pub(super) fn vouched_member(&self, subject: &str) -> String {
        let view = json(&self.get(&self.ada, "/members"));
        let mut members = view["members"].as_array().unwrap().iter();
        let member = members.find(|member| member["subject"] == subject).unwrap();
        format!("/members/{}", member["user_id"].as_str().unwrap())
    }

    /// What an isolate decides for a bearer.
    fn decides(&self, isolate: &Edge, token: &str, permission: &str) -> Result<bool, u16> {
        let body = json!({ "permission": permission });
        let answer = self.bear(isolate, token, Method::Post, "/evaluate", &body);
        match answer.status {
            200 => Ok(json(&answer)["decision"] == true),
            status => Err(status),
        }
    }

    fn told<R: serde::de::DeserializeOwned>(&self, command: &Command) -> Result<R, Code> {
        let asked = self.world.ask::<OrganizationObject, R>(&self.id, command);
        asked.map_err(|error| error.code())
    }

    /// The record that tokens were verified by a moment ago.
    fn used(&self, path: &str) -> organization::IssuerUse {
        organization::IssuerUse {
            organization: self.id.clone(),
            id: path.replace("/issuers/", ""),
            epoch: json(&self.get(&self.ada, path))["epoch"].as_i64().unwrap(),
        }
    }

    /// A second organization in the same deployment, which Cat created.
    fn beside(&self) -> Beside<'_> {
        let cat = self.world.sign_in(CAT);
        let made = post("/v1/organizations", &json!({ "name": "Beside" }));
        let made = self.world.send(&made.with_header("cookie", &cat));
        Beside {
            world: &self.world,
            cat,
            id: id(&made),
        }
    }
}

/// Another organization of the same deployment.
struct Beside<'a> {
    world: &'a World,
    cat: String,
    id: String,
}

impl Beside<'_> {
    fn issuer(&self, idp: &Idp, role: Option<&str>) -> String {
        let path = format!("/v1/organizations/{}/issuers", self.id);
        let request = post(&path, &idp.body(role)).with_header("cookie", &self.cat);
        let made = self.world.send(&request);
        assert_eq!(made.status, 201, "{}", text(&made));
        format!("{path}/{}", id(&made))
    }

    fn read_by(&self, token: &str, rest: &str) -> Response {
        let path = format!("/v1/organizations/{}{rest}", self.id);
        let request = Request::new(Method::Get, path);
        let bearer = format!("Bearer {token}");
        self.world
            .send(&request.with_header("authorization", &bearer))
    }
}

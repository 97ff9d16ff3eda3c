//! Tokens in exchange for a JWT (RFC 8693): it carries what its token is worth at that moment (P9, law 6), nothing that is dead (P2), and is worth nothing here (J17).

use std::rc::Rc;

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use lockstep_token::{IssuerRecord, Issuers, Token, native};
use serde_json::{Value, json};

use super::{Acme, BEN, CAT};
use crate::{
    config::Config,
    edge::Edge,
    http::{Method, Request, Response},
    router::{Handler, Route},
    routes::ROUTES,
    testing::{ORIGIN, START_MS, World, json, now, post, session_secret, text, write},
};

const AUDIENCE: &str = "https://orders.example";
const URN: &str = "urn:ietf:params:oauth:";
/// RFC 8037, appendix A.1, and a key that has signed or will.
const KEYS: &str = r#"{"keys":[
    {"kty":"OKP","crv":"Ed25519","kid":"k1","d":"nWGxne_9WmC6hEr0kuwsxERJxWl7MmkZcDusAxyuf2A","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"},
    {"kty":"EC","crv":"P-256","kid":"k2","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}
]}"#;

/// An organization of a deployment that exchanges tokens.
pub(super) fn exchanging() -> Acme {
    let audiences = json!([AUDIENCE, "billing"]).to_string();
    Acme::in_world(World::with_vars(&[
        ("LOCKSTEP_POLICY", "lockstep"),
        ("LOCKSTEP_SIGNING_KEYS", KEYS),
        ("LOCKSTEP_EXCHANGE_AUDIENCES", &audiences),
    ]))
}

/// A form, as a client sends it that knows nothing of origins.
pub(super) fn form(path: &str, members: &[(&str, &str)]) -> Request {
    let text = form_urlencoded::Serializer::new(String::new())
        .extend_pairs(members)
        .finish();
    Request::new(Method::Post, path)
        .with_header("content-type", "application/x-www-form-urlencoded")
        .with_body(Ok(text.into_bytes()))
}

/// The exchange of a token with some members changed; an empty value counts as absent.
fn asking(token: &str, changes: &[(&str, &str)]) -> Request {
    let grant = format!("{URN}grant-type:token-exchange");
    let kind = format!("{URN}token-type:access_token");
    let members = [
        ("grant_type", grant.as_str()),
        ("subject_token", token),
        ("subject_token_type", &kind),
        ("audience", AUDIENCE),
    ];
    let kept = members
        .into_iter()
        .filter(|(name, _)| changes.iter().all(|(changed, _)| changed != name));
    let members: Vec<(&str, &str)> = kept.chain(changes.iter().copied()).collect();
    form("/v1/oauth/token", &members)
}

impl Acme {
    pub(super) fn exchange(&self, token: &str, changes: &[(&str, &str)]) -> Response {
        self.world.send(&asking(token, changes))
    }

    /// The exchange of a token in a workspace, and the scope that its JWT has there.
    fn scope_in(&self, token: &str, workspace: &str, scope: &str) -> Result<String, String> {
        let request = asking(token, &[("scope", scope)])
            .with_header("x-organization-id", &self.id)
            .with_header("x-workspace-id", &workspace.replace("/workspaces/", ""));
        let answer = self.world.send(&request);
        let body = json(&answer);
        let text = |member: &str| body[member].as_str().map(str::to_owned);
        text("scope").ok_or_else(|| text("error").unwrap())
    }

    /// The record by which a service accepts what is issued here.
    fn service(&self) -> IssuerRecord {
        let published = Request::new(Method::Get, "/.well-known/jwks.json");
        let published = self.world.send(&published);
        assert_eq!(
            published.header("cache-control"),
            Some("public, max-age=300")
        );
        let record = json!({
            "issuer": ORIGIN, "audiences": [AUDIENCE], "algorithms": ["EdDSA", "ES256"], "types": ["at+jwt"],
            "keys": json(&published), "max_lifetime_s": 300, "leeway_s": 0,
        });
        IssuerRecord::parse(&record.to_string()).unwrap()
    }

    /// What a JWT says to that service, now.
    fn verified(&self, jwt: &str) -> Value {
        let records = [self.service()];
        let token = Token::parse(jwt).unwrap();

        let check = token.select(&records).unwrap().verify(&native::Native);
        let verified = native::ready(check).unwrap().unwrap();
        let now_s = crate::edge::Clock::now_ms(&*self.world.clock) / 1_000;
        verified.claims(now_s).unwrap();
        claims(jwt)
    }
}

fn claims(jwt: &str) -> Value {
    let claims = jwt.split('.').nth(1).unwrap();
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

fn issued(answer: &Response) -> String {
    assert_eq!(answer.status, 200, "{}", text(answer));
    json(answer)["access_token"].as_str().unwrap().to_owned()
}

#[track_caller]
fn fails(answer: &Response, error: &str) {
    let body = json(answer);
    assert_eq!(
        (answer.status, &body["error"]),
        (400, &json!(error)),
        "{body}"
    );
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(body.as_object().unwrap().len(), 2, "{body}");
}

#[test]
fn a_key_is_exchanged_for_a_jwt_that_a_service_verifies_without_asking() {
    let acme = exchanging();
    let north = acme.workspace("North").replace("/workspaces/", "");
    let account = acme.account(&[json!({ "role": "editor", "node": north })]);
    let limits =
        json!({ "name": "ci", "scopes": ["data.read", "run.read", "member.read"], "node": north });
    let (path, key) = acme.key(&acme.ada, &account, &limits);
    let answer = acme.exchange(&key, &[]);
    let jwt = issued(&answer);
    let body = json(&answer);
    assert_eq!(answer.header("cache-control"), Some("no-store"));
    assert_eq!(
        body["issued_token_type"],
        format!("{URN}token-type:access_token")
    );
    assert_eq!(
        (&body["token_type"], &body["expires_in"]),
        (&json!("Bearer"), &json!(300))
    );
    assert_eq!(body["scope"], "data.read run.read");
    let said = acme.verified(&jwt);
    let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let iat = START_MS / 1_000;
    let expected = json!({
        "iss": ORIGIN, "sub": last(&account), "aud": AUDIENCE, "iat": iat, "exp": iat + 300,
        "jti": said["jti"], "client_id": last(&path), "scope": "data.read run.read",
        "organization": acme.id, "subtree": north,
    });
    assert_eq!(said, expected);
    let again = claims(&issued(&acme.exchange(&key, &[("audience", "billing")])));
    assert_eq!(again["aud"], "billing");
    assert_ne!(again["jti"], said["jti"]);
    let header = jwt.split('.').next().unwrap();
    let header = URL_SAFE_NO_PAD.decode(header).unwrap();
    assert_eq!(header, br#"{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}"#);
}

#[test]
fn p9_a_jwt_carries_what_its_token_is_worth_at_that_moment() {
    let acme = exchanging();
    let ben = acme.joined(BEN, "member");
    let (north, south) = (acme.workspace("North"), acme.workspace("South"));
    acme.grant(&north, BEN, "editor");
    let (_, whole) = acme.token(&ben, &json!({ "name": "ci" }));
    let scopes = json!({ "name": "ci", "scopes": ["data.read", "project.delete"] });
    let (_, scoped) = acme.token(&ben, &scopes);
    let both = "data.read data.update";
    assert_eq!(acme.scope_in(&whole, &north, both), Ok(both.to_owned()));
    assert_eq!(
        acme.scope_in(&scoped, &north, "data.read"),
        Ok("data.read".to_owned())
    );
    assert_eq!(
        acme.scope_in(&scoped, &north, ""),
        Ok("data.read".to_owned())
    );
    // Nobody gets more by asking for it: not beyond the token, not beyond its user, not what is sensitive.
    acme.grant(&north, BEN, "workspace-admin");
    for (token, place, scope) in [
        (&scoped, &north, both),
        (&whole, &north, "project.delete"),
        (&whole, &north, "data.read member.remove"),
        (&whole, &north, "no.such"),
        (&whole, &north, "data.read  data.update"),
    ] {
        let refused = acme.scope_in(token, place, scope);
        assert_eq!(refused, Err("invalid_scope".to_owned()), "{scope}");
    }
    // A place with which they have nothing to do is one that is not there.
    for place in [&*south, "/workspaces/wsp_nowhere"] {
        let refused = acme.scope_in(&whole, place, "data.read");
        assert_eq!(refused, Err("invalid_request".to_owned()), "{place}");
    }
    acme.grant(&north, BEN, "viewer");
    assert_eq!(
        acme.scope_in(&whole, &north, both),
        Err("invalid_scope".to_owned()),
        "at once"
    );
    assert_eq!(
        acme.scope_in(&whole, &north, "data.read"),
        Ok("data.read".to_owned())
    );
    // What is held in one workspace is not held in the organization.
    let organization = asking(&whole, &[]).with_header("x-organization-id", &acme.id);
    let said = claims(&issued(&acme.world.send(&organization)));
    assert_eq!(said["subtree"], json!(acme.id));
    let scope = said["scope"].as_str().unwrap();
    assert!(!scope.split(' ').any(|one| one == "data.read"), "{scope}");
    let node = north.replace("/workspaces/", "");
    let subtree = json!({ "name": "ci", "subtree": { "organization": acme.id, "node": node } });
    let (_, narrow) = acme.token(&ben, &subtree);
    let said = claims(&issued(&acme.exchange(&narrow, &[("scope", "data.read")])));
    assert_eq!(said["subtree"], json!(node));
    assert_eq!(
        acme.scope_in(&narrow, &south, ""),
        Err("invalid_request".to_owned())
    );
}

#[test]
fn p9_a_window_that_ends_ends_the_jwt() {
    let acme = exchanging();
    let ben = acme.joined(BEN, "member");
    let north = acme.workspace("North");
    let member = format!("{north}{}", acme.member(BEN));
    let window = json!({ "role": "viewer", "expires_at_ms": START_MS + 120_000 });
    assert_eq!(acme.put(&acme.ada, &member, &window).status, 200);
    let (_, whole) = acme.token(&ben, &json!({ "name": "ci" }));
    let (_, short) = acme.token(&ben, &json!({ "name": "ci", "expires_in_s": 60 }));
    for (token, life) in [(&whole, 120), (&short, 60)] {
        let request = asking(token, &[("scope", "data.read")])
            .with_header("x-organization-id", &acme.id)
            .with_header("x-workspace-id", &north.replace("/workspaces/", ""));
        let answer = acme.world.send(&request);
        let said = claims(&issued(&answer));
        assert_eq!(json(&answer)["expires_in"], life);
        assert_eq!(said["exp"], START_MS / 1_000 + life);
    }
}

#[test]
fn p2_nothing_is_issued_for_what_is_revoked() {
    for revoke in [
        "delete",
        "deactivate",
        "rotate",
        "remove",
        "suspend",
        "expire",
    ] {
        let acme = exchanging();
        let ben = acme.joined(BEN, "admin");
        let here = json!({ "organization": acme.id });
        let body = json!({ "name": "ci", "subtree": here, "expires_in_s": 3_600 });
        let (id, pat) = acme.token(&ben, &body);
        // The isolate that answers has just seen the token work, and is told of nothing.
        let elsewhere = acme.world.isolate();
        let exchange = || acme.world.send_to(&elsewhere, &asking(&pat, &[]));
        issued(&exchange());
        let path = format!("/v1/me/tokens/{id}");
        let own = |method, path: &str, body: &Value| {
            let request = write(method, path, body).with_header("cookie", &ben);
            acme.world.send(&request).status
        };
        let status = match revoke {
            "delete" => own(Method::Delete, &path, &json!({})),
            "deactivate" => own(Method::Patch, &path, &json!({ "active": false })),
            "rotate" => own(Method::Post, &format!("{path}/rotate"), &json!({})),
            "remove" => acme.delete(&acme.ada, &acme.member(BEN)).status,
            "suspend" => {
                let path = format!("{}/suspension", acme.member(BEN));
                acme.put(&acme.ada, &path, &json!({})).status
            }
            _ => {
                acme.world.clock.advance_ms(3_600_000);
                200
            }
        };
        assert!(status < 300, "{revoke}");
        fails(&exchange(), "invalid_request");
    }
}

#[test]
fn j17_what_is_issued_here_is_accepted_nowhere_here() {
    let acme = exchanging();
    let here = json!({ "name": "ci", "subtree": { "organization": acme.id } });
    let (_, pat) = acme.token(&acme.ada, &here);
    let jwt = issued(&acme.exchange(&pat, &[]));
    acme.verified(&jwt);
    // Not even by a record that would have it, which no configuration may have.
    let record = json!([{
        "issuer": ORIGIN, "audiences": [AUDIENCE], "algorithms": ["EdDSA"],
        "keys": { "keys": [{ "kty": "OKP", "crv": "Ed25519", "kid": "k1", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo" }] },
    }]);
    let trusting = Config {
        issuers: Issuers::parse(&record.to_string()).unwrap(),
        ..(*acme.world.edge.config).clone()
    };
    let trusting = Edge {
        config: Rc::new(trusting),
        ..acme.world.isolate()
    };
    let routes = ROUTES.iter().copied().flatten();
    // An operator's key is none of these, and its routes tell nothing of there being one.
    let anybody = |route: &&Route| {
        !route.handler.is_anonymous() && !matches!(route.handler, Handler::Operator(_))
    };
    for route in routes.filter(anybody) {
        let path = route
            .pattern
            .replace("{org}", &acme.id)
            .replace(['{', '}'], "");
        for edge in [&acme.world.edge, &trusting] {
            let request = write(route.method, &path, &json!({}));
            let request = request.with_header("authorization", &format!("Bearer {jwt}"));
            let answer = now(crate::router::handle(edge, &request));
            assert_eq!(answer.status, 401, "{path}: {}", text(&answer));
        }
    }
    fails(&acme.exchange(&jwt, &[]), "invalid_request");
}

#[test]
fn j17_nothing_but_a_token_or_key_is_exchanged() {
    let acme = exchanging();
    acme.invited(CAT, "member");
    let mail = acme.world.mail(CAT);
    let (_, link) = mail.first().unwrap().message.text.split_once('#').unwrap();
    let link = link.split_whitespace().next().unwrap();
    let session = session_secret(&acme.ada);
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    let misspelled = pat.replace("_pat_", "_svc_");
    for other in [
        link,
        session,
        "x",
        "a.b.c",
        "ls__0123",
        &misspelled,
        &pat.repeat(2),
    ] {
        fails(&acme.exchange(other, &[]), "invalid_request");
    }
}

#[test]
fn what_is_asked_wrongly_is_told_in_the_words_of_oauth() {
    let acme = exchanging();
    let here = json!({ "name": "ci", "subtree": { "organization": acme.id } });
    let (_, pat) = acme.token(&acme.ada, &here);
    let saml = format!("{URN}token-type:saml2");
    for (change, error) in [
        (("grant_type", ""), "invalid_request"),
        (
            ("grant_type", "client_credentials"),
            "unsupported_grant_type",
        ),
        (("subject_token", ""), "invalid_request"),
        (("subject_token_type", ""), "invalid_request"),
        (("subject_token_type", &saml), "invalid_request"),
        (("requested_token_type", &saml), "invalid_request"),
        (("actor_token", "x"), "invalid_request"),
        (("audience", ""), "invalid_request"),
        (("audience", "https://other.example"), "invalid_target"),
        (("audience", ORIGIN), "invalid_target"),
        (("resource", AUDIENCE), "invalid_target"),
    ] {
        fails(&acme.exchange(&pat, &[change]), error);
    }
    let twice = [("audience", AUDIENCE), ("audience", "billing")];
    fails(&acme.exchange(&pat, &twice), "invalid_request");
    let wanted = format!("{URN}token-type:jwt");
    issued(&acme.exchange(&pat, &[("requested_token_type", &wanted)]));
    for (name, value) in [
        ("authorization", format!("Bearer {pat}")),
        ("authorization", "Basic YTpi".to_owned()),
        ("x-api-key", pat.clone()),
        ("cookie", acme.ada.clone()),
        ("content-type", "application/json".to_owned()),
    ] {
        let request = asking(&pat, &[]).with_header(name, &value);
        fails(&acme.world.send(&request), "invalid_request");
    }
    // A token of its user alone says nothing of where.
    let (_, whole) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    fails(&acme.exchange(&whole, &[]), "invalid_request");
}

#[test]
fn m14_nothing_is_issued_for_another_organization() {
    let acme = exchanging();
    let other = post("/v1/organizations", &json!({ "name": "Other" }));
    let other = acme.world.send(&other.with_header("cookie", &acme.ada));
    let other = super::id(&other);
    let here = json!({ "name": "ci", "subtree": { "organization": acme.id } });
    let (_, pat) = acme.token(&acme.ada, &here);
    let there = |token: &str| {
        let request = asking(token, &[]).with_header("x-organization-id", &other);
        acme.world.send(&request)
    };
    fails(&there(&pat), "invalid_request");
    let mallory = acme.world.sign_in("mallory@example.com");
    let (_, theirs) = acme.token(&mallory, &json!({ "name": "ci" }));
    fails(&there(&theirs), "invalid_request");
}

#[test]
fn without_a_key_there_is_nothing_to_exchange() {
    let acme = Acme::new();
    let (_, pat) = acme.token(&acme.ada, &json!({ "name": "ci" }));
    assert_eq!(acme.exchange(&pat, &[]).status, 404);
    let keys = Request::new(Method::Get, "/.well-known/jwks.json");
    assert_eq!(acme.world.send(&keys).status, 404);
    let metadata = Request::new(Method::Get, "/.well-known/oauth-authorization-server");
    // Introspection is there whatever is exchanged.
    let introspection = json(&acme.world.send(&metadata));
    let expected = json!({
        "issuer": ORIGIN,
        "introspection_endpoint": format!("{ORIGIN}/v1/oauth/introspect"),
        "grant_types_supported": [],
        "response_types_supported": [],
    });
    assert_eq!(introspection, expected);
    let metadata = json(&exchanging().world.send(&metadata));
    for (member, path) in [
        ("token_endpoint", "/v1/oauth/token"),
        ("introspection_endpoint", "/v1/oauth/introspect"),
        ("jwks_uri", "/.well-known/jwks.json"),
        ("issuer", ""),
    ] {
        assert_eq!(metadata[member], format!("{ORIGIN}{path}"));
    }
}

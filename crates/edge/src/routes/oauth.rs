//! `/v1/oauth`: tokens in exchange for a JWT (RFC 8693), and what a token is worth (RFC 7662); under `/.well-known` the keys and the addresses for both.

use serde::Serialize;

use crate::{
    authenticate::{self, FreshCaller},
    edge::Edge,
    exchange::{self, GRANT_TYPE},
    form::{Form, Refusal},
    http::{Method, Response},
    objects::ask,
    organization::{Command, FreshActor, OrganizationObject, Worth, WorthCommand},
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
};

const TOKEN: &str = "/v1/oauth/token";
const INTROSPECT: &str = "/v1/oauth/introspect";
const KEYS: &str = "/.well-known/jwks.json";
/// For how long a key set may be kept, in seconds. A key that is to sign is published that long before.
const KEYS_S: u32 = 300;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        pattern: TOKEN,
        query: &[],
        handler: Handler::Presenting(|call| Box::pin(token(call))),
    },
    Route {
        method: Method::Post,
        pattern: INTROSPECT,
        query: &[],
        handler: Handler::Fresh(|call, caller| Box::pin(introspect(call, caller))),
    },
    Route {
        method: Method::Get,
        pattern: KEYS,
        query: &[],
        handler: Handler::Anonymous(|call| Box::pin(async move { keys(&call) })),
    },
    Route {
        method: Method::Get,
        pattern: "/.well-known/oauth-authorization-server",
        query: &[],
        handler: Handler::Anonymous(|call| Box::pin(async move { metadata(&call) })),
    },
];

async fn token(call: Call<'_>) -> Answer {
    match exchange::exchange(call.edge, call.request).await {
        Ok(issued) => Response::json(200, &issued),
        Err(refusal) => refusal.answer(),
    }
}

/// The public keys (RFC 7517).
fn keys(call: &Call<'_>) -> Answer {
    let keys = call.edge.config.signing_keys.as_ref();
    let keys = keys.ok_or_else(ApiError::not_found)?.published();
    let response = Response::new(200).with_body("application/jwk-set+json", keys.into());
    Ok(response.with_header("cache-control", &format!("public, max-age={KEYS_S}")))
}

/// RFC 8414, section 2. Introspection is always there, the rest where the deployment has it.
#[derive(Serialize)]
struct MetadataView<'a> {
    issuer: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint: Option<String>,
    introspection_endpoint: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    jwks_uri: Option<String>,
    /// Without any it would be two of OAuth's own.
    grant_types_supported: Vec<&'static str>,
    response_types_supported: [&'static str; 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    token_endpoint_auth_methods_supported: Option<[&'static str; 1]>,
}

fn metadata(call: &Call<'_>) -> Answer {
    let config = &call.edge.config;
    let issuer = config.origin.as_str();
    let address = |path: &str| format!("{issuer}{path}");
    let is_offered = exchange::is_offered(call.edge);
    let metadata = MetadataView {
        issuer,
        token_endpoint: is_offered.then(|| address(TOKEN)),
        introspection_endpoint: address(INTROSPECT),
        jwks_uri: config.signing_keys.as_ref().map(|_| address(KEYS)),
        grant_types_supported: is_offered.then_some(GRANT_TYPE).into_iter().collect(),
        response_types_supported: [],
        token_endpoint_auth_methods_supported: is_offered.then_some(["none"]),
    };
    let response = Response::json(200, &metadata)?;
    Ok(response.with_header("cache-control", &format!("public, max-age={KEYS_S}")))
}

/// RFC 7662, section 2.2, with two members of ours.
#[derive(Default, Serialize)]
struct IntrospectionView {
    active: bool,
    #[serde(flatten)]
    known: Option<KnownView>,
}

#[derive(Serialize)]
struct KnownView {
    scope: String,
    client_id: String,
    token_type: &'static str,
    sub: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    exp: Option<i64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    iat: Option<i64>,
    organization: String,
    subtree: String,
}

async fn introspect(call: Call<'_>, caller: FreshCaller) -> Answer {
    let form = match Form::read(call.request) {
        Ok(form) => form,
        Err(refusal) => return refusal.answer(),
    };
    let text = match form.required("token") {
        Ok(text) => text,
        Err(refusal) => return Refusal::answer(refusal),
    };
    let organization = call.place()?.organization().as_str();
    let subject = subject(call.edge, text, organization).await?;
    let introspect = WorthCommand::Introspect {
        actor: FreshActor::of(&caller, organization),
        token: subject
            .as_ref()
            .map(|subject| FreshActor::of(subject, organization)),
    };
    let objects = &*call.edge.objects;
    let introspect = Command::Worth(introspect);
    let worth: Option<Worth> =
        ask::<OrganizationObject, _>(objects, organization, &introspect).await?;
    let known = subject.zip(worth).map(|(subject, worth)| KnownView {
        scope: worth.permissions.join(" "),
        client_id: subject.credential_id.clone().unwrap_or_default(),
        token_type: "Bearer",
        sub: subject.principal.as_str().to_owned(),
        exp: subject.until_ms().map(seconds),
        iat: subject.made_at_ms().map(seconds),
        organization: organization.to_owned(),
        subtree: worth.node,
    });
    let view = IntrospectionView {
        active: known.is_some(),
        known,
    };
    Response::json(200, &view)
}

/// Whose token it is, from the mouth of the object that knows it. A token of another organization, and whatever is none, is nobody's.
async fn subject(
    edge: &Edge,
    text: &str,
    organization: &str,
) -> Result<Option<FreshCaller>, ApiError> {
    match authenticate::presented(edge, text).await {
        Ok(subject) => {
            let is_here = subject.organization().is_none_or(|own| own == organization);
            Ok(Some(subject).filter(|_| is_here))
        }
        Err(error) if error.code() == Code::Unauthenticated => Ok(None),
        Err(error) => Err(error),
    }
}

const fn seconds(at_ms: i64) -> i64 {
    at_ms.div_euclid(1_000)
}

//! `Idempotency-Key`: a POST that is sent again is answered again, and done once (draft-ietf-httpapi-idempotency-key-header).
//!
//! The key is kept by the object that makes the change, in the same transaction, so there is no moment at which one is there without the other; it counts for its principal and path, for 24 hours.
//! What it came with is the body, the headers that say what a body may leave out, and the credential: what all of a person was answered is not for a token that may do less.
//! While nothing was committed nothing is kept: a refused or lost request runs normally when it is sent again.
//! Routes that anybody may call have no principal and keep no key: a replay there would sign somebody in twice with one code.

use lockstep_token::{Secret, SecretKind};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::{
    authenticate::Caller,
    config::Config,
    credential::INVITATION_HEADER,
    edge::Edge,
    http::{Body, Method, Request, Response},
    keys::{Purpose, hex},
    objects::{Context, Reply},
    organization::WEBHOOK_SECRET_PREFIX,
    place::{WORKSPACE_NAME, WORKSPACES},
    problem::{ApiError, Code},
};

/// The status of an object's answer that was given before; the Worker reads it as 200.
pub const REPLAYED: u16 = 208;
/// How long a key is kept, in milliseconds: 24 hours.
const KEPT_MS: i64 = 86_400_000;
/// Keys of one principal that one object keeps.
const KEYS_MAX: i64 = 1_000;
/// Longest key, in characters.
const KEY_CHARS_MAX: usize = 255;
/// Headers that say what a body may leave out: in which workspace, and by which link.
const BESIDE_THE_BODY: [&str; 4] = [
    WORKSPACES[0],
    WORKSPACES[1],
    WORKSPACE_NAME,
    INVITATION_HEADER,
];

/// The tables; every object has them.
pub const SCHEMA: &str = "
    CREATE TABLE idempotency (
        principal TEXT NOT NULL,
        route TEXT NOT NULL,
        key TEXT NOT NULL,
        ordinal INTEGER NOT NULL,
        digest TEXT NOT NULL,
        request TEXT NOT NULL,
        reply TEXT NOT NULL,
        expires_at_ms INTEGER NOT NULL,
        PRIMARY KEY (principal, route, key, ordinal)
    ) STRICT;
    CREATE INDEX idempotency_expiry ON idempotency (expires_at_ms);
";

/// A request that may be sent again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Repeat {
    /// Who sends it.
    pub principal: String,
    /// To which path.
    pub route: String,
    /// The key that they chose.
    pub key: String,
    /// A keyed hash of the body, of the headers that say what is not in it, and of the credential's id.
    pub digest: String,
    /// This very request: when the edge itself asks an object twice, that is no repetition for the caller.
    pub request: String,
    /// Which of the request's changes this is.
    #[serde(default)]
    pub ordinal: u32,
}

/// The key of a POST, if it has one.
///
/// # Errors
/// 400 when it is no key.
pub fn read(
    edge: &Edge,
    request: &Request,
    caller: Option<&Caller>,
) -> Result<Option<Repeat>, ApiError> {
    let (Method::Post, Some(text)) = (request.method, request.header("idempotency-key")) else {
        return Ok(None);
    };
    let key = key(text)?;
    let Some(caller) = caller else {
        return Ok(None);
    };
    let keys = &edge.config.keys;
    let sum = hex(&Sha256::digest(request.body()?));
    let stated = BESIDE_THE_BODY.into_iter().filter_map(|name| {
        let value = request.header(name)?;
        Some([name, value])
    });
    // Sessions, tokens and keys have ids that outlive their secrets. JWTs are renewed between tries, and narrow nobody: who they name is the principal.
    let credential = [
        caller.credential.as_str(),
        caller.credential_id.as_deref().unwrap_or_default(),
    ];
    let asked: Vec<&str> = std::iter::once(sum.as_str())
        .chain(credential)
        .chain(stated.flatten())
        .collect();
    Ok(Some(Repeat {
        principal: caller.principal.as_str().to_owned(),
        route: request.path.clone(),
        key: key.to_owned(),
        digest: keys.derive_hex(Purpose::RequestBody, &asked),
        request: hex(&edge.random.bytes::<16>()?),
        ordinal: 0,
    }))
}

/// The draft's form is a string in quotes; the bare form is what most clients send.
fn key(text: &str) -> Result<&str, ApiError> {
    let quoted = text
        .strip_prefix('"')
        .and_then(|text| text.strip_suffix('"'));
    let key = quoted.unwrap_or(text);
    let is_key = (1..=KEY_CHARS_MAX).contains(&key.len())
        && key
            .bytes()
            .all(|byte| byte.is_ascii_graphic() && byte != b'"' && byte != b'\\');
    if is_key {
        return Ok(key);
    }
    let detail = format!(
        "`Idempotency-Key` has 1 to {KEY_CHARS_MAX} visible ASCII characters, no quote or backslash among them."
    );
    Err(ApiError::new(Code::InvalidIdempotencyKey, detail))
}

/// The answer that this request has had before, if any; call it inside the command's transaction.
///
/// # Errors
/// 422 when the key came with another body; 429 when the principal has too many.
pub fn earlier(context: &Context<'_>) -> Result<Option<Reply>, ApiError> {
    let Some(repeat) = &context.provenance.repeat else {
        return Ok(None);
    };
    let expired = "DELETE FROM idempotency WHERE expires_at_ms <= ?";
    context.sql.exec(expired, &[context.now_ms.into()])?;
    let of_key = [
        (&repeat.principal).into(),
        (&repeat.route).into(),
        (&repeat.key).into(),
    ];
    let select = "SELECT ordinal, digest, request, reply FROM idempotency WHERE principal = ? AND route = ? AND key = ?";
    for row in context.sql.exec(select, &of_key)? {
        if row.text("digest")? != repeat.digest {
            let detail =
                "This key came with another body, place or credential before. Use another key.";
            return Err(ApiError::new(Code::IdempotencyKeyReused, detail));
        }
        if row.integer("ordinal")? == i64::from(repeat.ordinal) {
            return Ok(Some(Reply {
                body: row.text("reply")?.to_owned(),
                is_replay: row.text("request")? != repeat.request,
                ..Reply::done()
            }));
        }
    }
    let count = "SELECT COUNT(*) AS n FROM idempotency WHERE principal = ?";
    let kept = context.sql.one(count, &[(&repeat.principal).into()])?;
    if kept.map_or(Ok(0), |row| row.integer("n"))? >= KEYS_MAX {
        let detail = format!("You have used {KEYS_MAX} idempotency keys within 24 hours.");
        return Err(ApiError::new(Code::TooManyRequests, detail).with_retry_after_s(3_600));
    }
    Ok(None)
}

/// Keeps the answer to a request that may be sent again; call it inside the command's transaction.
///
/// # Errors
/// A fault.
pub fn keep(context: &Context<'_>, reply: &Reply) -> Result<(), ApiError> {
    let Some(repeat) = &context.provenance.repeat else {
        return Ok(());
    };
    let insert = "INSERT INTO idempotency (principal, route, key, ordinal, digest, request, reply, expires_at_ms) VALUES (?, ?, ?, ?, ?, ?, ?, ?)";
    let values = [
        (&repeat.principal).into(),
        (&repeat.route).into(),
        (&repeat.key).into(),
        repeat.ordinal.into(),
        (&repeat.digest).into(),
        (&repeat.request).into(),
        (&reply.body).into(),
        context.now_ms.saturating_add(KEPT_MS).into(),
    ];
    context.sql.exec(insert, &values)?;
    Ok(())
}

/// When the next key expires, in Unix milliseconds.
///
/// # Errors
/// A fault.
pub fn wake_at_ms(context: &Context<'_>) -> Result<Option<i64>, ApiError> {
    let first = "SELECT MIN(expires_at_ms) AS first FROM idempotency";
    let row = context.sql.one(first, &[])?;
    Ok(row.map_or(Ok(None), |row| row.optional_integer("first"))?)
}

/// Forgets keys that have expired.
///
/// # Errors
/// A fault.
pub fn sweep(context: &Context<'_>) -> Result<(), ApiError> {
    let expired = "DELETE FROM idempotency WHERE expires_at_ms <= ?";
    context.sql.exec(expired, &[context.now_ms.into()])?;
    Ok(())
}

/// An answer that was given before: it says so, and shows no secret again.
///
/// The handler has made a fresh secret, which is stored nowhere; whatever member holds one is left out here, so no handler can forget to.
#[must_use]
pub fn replayed(config: &Config, mut response: Response) -> Response {
    if let Body::Bytes(bytes) = &response.body
        && let Ok(Value::Object(mut members)) = serde_json::from_slice(bytes)
    {
        let before = members.len();
        members.retain(|_, value| !value.as_str().is_some_and(|text| is_secret(config, text)));
        if members.len() < before {
            members.insert("withheld".to_owned(), "already-shown".into());
            response.body = Body::Bytes(Value::Object(members).to_string().into_bytes());
        }
    }
    response.headers.retain(|(name, _)| name != "set-cookie");
    response.with_header("idempotency-replayed", "true")
}

fn is_secret(config: &Config, text: &str) -> bool {
    if text.starts_with(WEBHOOK_SECRET_PREFIX) {
        return true;
    }
    SecretKind::ALL
        .iter()
        .any(|kind| Secret::parse(*kind, &config.prefixes, &config.keys.id, text).is_ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_short_and_visible() {
        let longest = "k".repeat(KEY_CHARS_MAX);
        for good in [
            "a",
            "\"a\"",
            "8e03978e-40d5-43dd-bc93-6894a57f9324",
            &longest,
        ] {
            assert!(key(good).is_ok(), "{good}");
        }
        assert_eq!(key("\"a\"").unwrap(), key("a").unwrap());
        for bad in [
            "",
            "\"\"",
            "a b",
            "a, b",
            "\u{e9}",
            "a\u{7f}",
            "a\"b",
            &format!("{longest}k"),
        ] {
            assert_eq!(
                key(bad).unwrap_err().code(),
                Code::InvalidIdempotencyKey,
                "{bad}"
            );
        }
    }
}

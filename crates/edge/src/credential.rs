//! Where a credential stands in a request. Exactly one is accepted.

use lockstep_token::{Prefixes, SecretError, SecretKind};

use crate::{
    http::Request,
    problem::{ApiError, Code},
    user,
};

/// The session cookie.
pub const SESSION_COOKIE: &str = "__Host-lockstep_session";
/// How long the session cookie lives, in seconds, as the session does at most.
pub const SESSION_COOKIE_S: u32 = 2_592_000;
/// The header that carries an invitation's or a link's secret: `Referer` does not see it, and logs redact it for the word `token`.
pub const INVITATION_HEADER: &str = "lockstep-invitation-token";
/// Longest accepted credential, in bytes; a JWT is the longest.
const CREDENTIAL_BYTES_MAX: usize = 8_192;

/// One credential, not yet checked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Credential<'a> {
    /// From `Authorization: Bearer …`, the bare `Authorization: …`, or `X-API-Key: …`.
    Bearer(&'a str),
    /// From the session cookie.
    Session(&'a str),
}

/// The credential of a request, if there is one.
///
/// # Errors
/// 400 for two of them, 401 for a header that cannot hold one.
pub fn read(request: &Request) -> Result<Option<Credential<'_>>, ApiError> {
    let authorization = request.header("authorization").map(bearer);
    let key = request.header("x-api-key").map(Ok);
    let bearers = authorization
        .into_iter()
        .chain(key)
        .map(|text| text.map(Credential::Bearer));
    let sessions = request
        .cookies(SESSION_COOKIE)
        .map(|text| Ok(Credential::Session(text)));
    let mut all = bearers.chain(sessions);
    let Some(first) = all.next() else {
        return Ok(None);
    };
    if all.next().is_some() {
        return Err(several());
    }
    let credential = first?;
    let (Credential::Bearer(text) | Credential::Session(text)) = credential;
    // Most are as they should be, and a token is long: every byte is looked at once.
    let is_plain = text.bytes().all(|b| b.is_ascii_graphic() && b != b',');
    if is_plain && (1..=CREDENTIAL_BYTES_MAX).contains(&text.len()) {
        return Ok(Some(credential));
    }
    // Two headers of one name arrive joined by a comma, and no credential has one.
    Err(if text.contains(',') {
        several()
    } else {
        user::refused()
    })
}

/// The refusal of a secret. It does not say what is wrong, save for the form that has a successor.
#[must_use]
pub fn refused(error: SecretError, prefixes: &Prefixes) -> ApiError {
    match error {
        SecretError::Legacy => {
            let successor = prefixes.of(SecretKind::PersonalAccessToken);
            let detail = format!("Refused: {error}, which begins with `{successor}`.");
            ApiError::new(Code::Unauthenticated, detail)
        }
        _ => user::refused(),
    }
}

fn bearer(value: &str) -> Result<&str, ApiError> {
    // White space in HTTP is space and tab (RFC 9110, section 5.6.3), whatever Unicode has beside them.
    let value = value.trim_matches([' ', '\t']);
    match value.split_once(' ') {
        // Opik's clients send the bare key.
        None => Ok(value),
        Some((scheme, text)) if scheme.eq_ignore_ascii_case("bearer") => {
            Ok(text.trim_start_matches(' '))
        }
        Some((scheme, _)) if scheme.ends_with(',') => Err(several()),
        Some(_) => Err(user::refused()),
    }
}

fn several() -> ApiError {
    ApiError::new(
        Code::SeveralCredentials,
        "The request has more than one credential; send one.",
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn request(headers: &[(&str, &str)]) -> Request {
        let request = Request::new(Method::Get, "/v1/me");
        headers.iter().fold(request, |request, (name, value)| {
            request.with_header(name, value)
        })
    }

    #[track_caller]
    fn reads(headers: &[(&str, &str)], expected: Option<Credential<'_>>) {
        assert_eq!(read(&request(headers)).unwrap(), expected);
    }

    #[track_caller]
    fn refuses(headers: &[(&str, &str)], code: Code) {
        assert_eq!(read(&request(headers)).unwrap_err().code(), code);
    }

    #[test]
    fn every_place_of_a_credential_is_read() {
        reads(&[], None);
        reads(
            &[("authorization", "Bearer a.b.c")],
            Some(Credential::Bearer("a.b.c")),
        );
        reads(
            &[("authorization", "bearer  a")],
            Some(Credential::Bearer("a")),
        );
        reads(&[("authorization", "a")], Some(Credential::Bearer("a")));
        reads(&[("x-api-key", "a")], Some(Credential::Bearer("a")));
        reads(
            &[("cookie", "x=1; __Host-lockstep_session=s; y=2")],
            Some(Credential::Session("s")),
        );
        reads(
            &[("cookie", "lockstep_session=s; a__Host-lockstep_session=s")],
            None,
        );
    }

    #[test]
    fn two_credentials_are_refused_wherever_they_stand() {
        let cookie = ("cookie", "__Host-lockstep_session=s");
        refuses(
            &[("authorization", "Bearer a"), ("x-api-key", "a")],
            Code::SeveralCredentials,
        );
        refuses(&[("authorization", "a"), cookie], Code::SeveralCredentials);
        refuses(&[("x-api-key", "a"), cookie], Code::SeveralCredentials);
        refuses(
            &[(
                "cookie",
                "__Host-lockstep_session=s; __Host-lockstep_session=s",
            )],
            Code::SeveralCredentials,
        );
        refuses(
            &[("authorization", "Bearer a, Bearer b")],
            Code::SeveralCredentials,
        );
        refuses(&[("authorization", "a, b")], Code::SeveralCredentials);
        refuses(&[("x-api-key", "a, b")], Code::SeveralCredentials);
    }

    /// Cloudflare's logs have the headers of every request, without the values of those whose name says that they are secret ("Tail Handler" in its documentation).
    #[test]
    fn p5_a_header_that_bears_a_secret_has_a_name_that_logs_redact() {
        const REDACTED: [&str; 5] = ["auth", "key", "secret", "token", "jwt"];
        const NO_SECRET: [&str; 7] = [
            "comet-workspace",
            "if-match",
            "if-none-match",
            "lockstep-epoch",
            "x-organization-id",
            "x-request-id",
            "x-workspace-id",
        ];
        let document = include_str!("../../../docs/openapi.json");
        let document: serde_json::Value = serde_json::from_str(document).unwrap();
        let mut names = std::collections::BTreeSet::from(["authorization".to_owned()]);
        let mut parts = vec![&document];
        while let Some(part) = parts.pop() {
            if part["in"] == "header" {
                names.insert(part["name"].as_str().unwrap().to_ascii_lowercase());
            }
            match part {
                serde_json::Value::Array(inner) => parts.extend(inner),
                serde_json::Value::Object(inner) => parts.extend(inner.values()),
                _ => {}
            }
        }
        assert!(names.len() > NO_SECRET.len());
        for name in names {
            let is_redacted = REDACTED.iter().any(|word| name.contains(word));
            assert!(is_redacted || NO_SECRET.contains(&&*name), "{name}");
        }
    }

    #[test]
    fn what_cannot_hold_a_credential_is_refused() {
        refuses(&[("authorization", "Basic YTpi")], Code::Unauthenticated);
        refuses(&[("authorization", "")], Code::Unauthenticated);
        refuses(&[("authorization", "Bearer a b")], Code::Unauthenticated);
        refuses(&[("authorization", "Bearer \u{fc}")], Code::Unauthenticated);
        refuses(&[("x-api-key", &"a".repeat(8_193))], Code::Unauthenticated);
    }
}

//! Strict JSON bodies.
//!
//! serde_json keeps the last of two equal members without a word wherever a body is read into a map, so a body is first read by [`lockstep_token::json`], which refuses duplicate members, NUL characters and deep nesting.

use lockstep_token::json::Value;
use serde::de::DeserializeOwned;

use crate::{
    http::Request,
    problem::{ApiError, Code},
};

/// Reads a request's body; `T` denies unknown members (`#[serde(deny_unknown_fields)]`).
///
/// # Errors
/// 415 for another media type or an encoded body, 413 and 408 as [`Request::body`], 400 for everything else.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
    let bytes = text(request)?;
    // A type with members is also read from a list of their values, in the order in which we happen to name them.
    if bytes.trim_ascii_start().starts_with(b"[") {
        return Err(refuse(&"an object is expected, not a list"));
    }
    parse(bytes)
}

/// As [`body`], of what is to be changed, of which at least one of `members` is there.
///
/// # Errors
/// As [`body`], and 400 when it changes nothing, whatever there is.
pub fn change<T>(request: &Request, members: &str) -> Result<T, ApiError>
where
    T: DeserializeOwned + Default + PartialEq,
{
    let change = body(request)?;
    if change == T::default() {
        let detail = format!("Say what to change: {members}.");
        return Err(ApiError::new(Code::InvalidBody, detail));
    }
    Ok(change)
}

/// A request's body that says it is JSON, not read yet.
///
/// # Errors
/// 415 for another media type or an encoded body, 413 and 408 as [`Request::body`].
pub fn text(request: &Request) -> Result<&[u8], ApiError> {
    let media_type = request.header("content-type").unwrap_or_default();
    let essence = media_type.split(';').next().unwrap_or_default().trim();
    if !essence.eq_ignore_ascii_case("application/json") {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "Send the body as application/json.",
        ));
    }
    if request
        .header("content-encoding")
        .is_some_and(|encoding| encoding != "identity")
    {
        return Err(ApiError::new(
            Code::UnsupportedMediaType,
            "Send the body without Content-Encoding.",
        ));
    }
    request.body()
}

/// Reads strict JSON.
///
/// # Errors
/// 400 `invalid-body` with the place and the reason.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    Value::parse(bytes).map_err(|error| refuse(&error))?;
    serde_json::from_slice(bytes).map_err(|error| refuse(&error))
}

fn refuse(error: &dyn std::fmt::Display) -> ApiError {
    ApiError::new(
        Code::InvalidBody,
        format!("The body is not accepted: {error}."),
    )
}

#[cfg(test)]
mod tests {
    use serde::{Deserialize, de::IgnoredAny};

    use super::*;
    use crate::http::Method;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let error = parse::<IgnoredAny>(text.as_bytes()).unwrap_err();
        assert_eq!(error.code(), Code::InvalidBody);
        assert!(error.detail().contains(reason), "{}", error.detail());
    }

    #[test]
    fn a_good_body_is_read() {
        assert_eq!(
            parse::<Named>(b"{\"name\":\"Cell 9\"}").unwrap().name,
            "Cell 9"
        );
    }

    #[test]
    fn j11_what_two_programs_read_differently_is_refused() {
        refused("{\"a\":1,\"a\":2}", "duplicate member");
        refused("{\"a\":[{\"b\":1,\"\\u0062\":2}]}", "duplicate member");
        refused("{\"a\":\"\\u0000\"}", "NUL");
        refused(&"[".repeat(10_000), "deep");
    }

    #[test]
    fn bad_syntax_is_refused() {
        refused("{} {}", "trailing");
        refused("{\"a\":}", "expected value");
        refused("", "EOF");
        assert!(parse::<IgnoredAny>(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn unknown_and_missing_members_are_refused() {
        let error = parse::<Named>(b"{\"name\":\"a\",\"admin\":true}").unwrap_err();
        assert!(error.detail().contains("unknown field `admin`"));
        assert!(parse::<Named>(b"{}").is_err());
    }

    #[test]
    fn a_list_of_values_is_no_body() {
        for list in ["[\"Acme\"]", " \n[\"Acme\"]", "[]"] {
            let request = Request::new(Method::Post, "/")
                .with_header("content-type", "application/json")
                .with_body(Ok(list.as_bytes().to_vec()));
            let error = body::<Named>(&request).unwrap_err();
            assert_eq!(error.code(), Code::InvalidBody);
            assert!(error.detail().contains("an object is expected"), "{list}");
        }
    }

    #[test]
    fn only_plain_application_json_is_read() {
        let request = |media_type| {
            Request::new(Method::Post, "/")
                .with_header("content-type", media_type)
                .with_body(Ok(b"{\"name\":\"a\"}".to_vec()))
        };
        assert!(body::<Named>(&request("application/json")).is_ok());
        assert!(body::<Named>(&request("Application/JSON; charset=utf-8")).is_ok());
        for media_type in [
            "",
            "text/plain",
            "application/x-www-form-urlencoded",
            "application/jsonp",
        ] {
            let error = body::<Named>(&request(media_type)).unwrap_err();
            assert_eq!(error.code(), Code::UnsupportedMediaType);
        }
        let encoded = request("application/json").with_header("content-encoding", "gzip");
        assert_eq!(
            body::<Named>(&encoded).unwrap_err().code(),
            Code::UnsupportedMediaType
        );
    }
}

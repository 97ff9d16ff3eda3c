//! Strict JSON bodies.
//!
//! serde_json keeps the last of two equal members without a word, wherever a body is read into a map.
//! So a body is walked once before it is read: duplicate members, NUL characters and deep nesting are refused.

use std::{collections::BTreeSet, fmt};

use serde::{
    Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error, MapAccess, SeqAccess, Visitor},
};

use crate::{
    http::Request,
    problem::{ApiError, Code},
};

/// Deepest accepted nesting of arrays and objects.
const DEPTH_MAX: u8 = 16;

/// Reads a request's body; `T` denies unknown members (`#[serde(deny_unknown_fields)]`).
///
/// # Errors
/// 415 for another media type or an encoded body, 413 and 408 as [`Request::body`], 400 for everything else.
pub fn body<T: DeserializeOwned>(request: &Request) -> Result<T, ApiError> {
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
    parse(request.body()?)
}

/// Reads strict JSON.
///
/// # Errors
/// 400 `invalid-body` with the place and the reason.
pub fn parse<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, ApiError> {
    let refuse = |error: serde_json::Error| {
        ApiError::new(
            Code::InvalidBody,
            format!("The body is not accepted: {error}."),
        )
    };
    let mut walk = serde_json::Deserializer::from_slice(bytes);
    Walk { depth: 0 }
        .deserialize(&mut walk)
        .and_then(|()| walk.end())
        .map_err(refuse)?;
    serde_json::from_slice(bytes).map_err(refuse)
}

#[derive(Clone, Copy)]
struct Walk {
    depth: u8,
}

impl Walk {
    fn deeper<E: Error>(self) -> Result<Self, E> {
        let depth = self.depth.saturating_add(1);
        if depth > DEPTH_MAX {
            Err(E::custom("nested too deeply"))
        } else {
            Ok(Self { depth })
        }
    }
}

impl<'de> DeserializeSeed<'de> for Walk {
    type Value = ();

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<(), D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl<'de> Visitor<'de> for Walk {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("JSON")
    }

    fn visit_bool<E>(self, _: bool) -> Result<(), E> {
        Ok(())
    }

    fn visit_i64<E>(self, _: i64) -> Result<(), E> {
        Ok(())
    }

    fn visit_u64<E>(self, _: u64) -> Result<(), E> {
        Ok(())
    }

    fn visit_f64<E>(self, _: f64) -> Result<(), E> {
        Ok(())
    }

    fn visit_unit<E>(self) -> Result<(), E> {
        Ok(())
    }

    fn visit_str<E: Error>(self, text: &str) -> Result<(), E> {
        if text.contains('\0') {
            Err(E::custom("NUL character in a string"))
        } else {
            Ok(())
        }
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        while items.next_element_seed(inner)?.is_some() {}
        Ok(())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<(), A::Error> {
        let inner = self.deeper()?;
        let mut seen = BTreeSet::new();
        while let Some(name) = members.next_key::<String>()? {
            inner.visit_str::<A::Error>(&name)?;
            if seen.contains(&name) {
                return Err(A::Error::custom(format_args!("duplicate member `{name}`")));
            }
            seen.insert(name);
            members.next_value_seed(inner)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use serde::Deserialize;
    use serde_json::Value;

    use super::*;
    use crate::http::Method;

    #[derive(Debug, Deserialize)]
    #[serde(deny_unknown_fields)]
    struct Named {
        name: String,
    }

    #[track_caller]
    fn refused(text: &str, reason: &str) {
        let error = parse::<Value>(text.as_bytes()).unwrap_err();
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
    fn duplicates_are_refused_at_every_depth() {
        refused("{\"a\":1,\"a\":2}", "duplicate member `a`");
        refused("{\"a\":[{\"b\":1,\"\\u0062\":2}]}", "duplicate member `b`");
    }

    #[test]
    fn depth_is_capped() {
        assert!(parse::<Value>(nested(16).as_bytes()).is_ok());
        refused(&nested(17), "nested too deeply");
        refused(&nested(10_000), "nested too deeply");
    }

    #[test]
    fn nul_characters_trailing_text_and_bad_syntax_are_refused() {
        refused("{\"a\":\"\\u0000\"}", "NUL");
        refused("{\"\\u0000\":1}", "NUL");
        refused("{} {}", "trailing");
        refused("{\"a\":}", "expected value");
        refused("", "EOF");
        assert!(parse::<Value>(b"{\"a\":\"\xff\"}").is_err());
    }

    #[test]
    fn unknown_and_missing_members_are_refused() {
        let error = parse::<Named>(b"{\"name\":\"a\",\"admin\":true}").unwrap_err();
        assert!(error.detail().contains("unknown field `admin`"));
        assert!(parse::<Named>(b"{}").is_err());
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

    fn nested(depth: usize) -> String {
        format!("{}{}", "[".repeat(depth), "]".repeat(depth))
    }
}

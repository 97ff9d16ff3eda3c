//! TXT records, asked of a resolver over HTTPS: a Worker has no other way to DNS.
//!
//! The question and its answer are the JSON that Cloudflare's and Google's public resolvers speak (`application/dns-json`); of RFC 8484's wire form nothing is needed that it lacks.
//! Whom to ask is the deployment's (`LOCKSTEP_RESOLVER`), and its word counts: it is reached by https, and its answer is bounded in size and time.

use form_urlencoded::Serializer;
use serde::Deserialize;

use crate::{
    edge::{Edge, UpstreamError},
    json,
    problem::ApiError,
};

/// How long the resolver may take, in milliseconds.
const FETCH_MS: u64 = 3_000;
/// The longest answer that is read, in bytes. A name with more records than that proves nothing.
const ANSWER_BYTES_MAX: usize = 65_536;
/// The media type of answers.
const MEDIA_TYPE: &str = "application/dns-json";
/// The type of TXT records (RFC 1035, section 3.2.2).
const TXT: u16 = 16;
/// There is an answer (RFC 1035, section 4.1.1).
const NO_ERROR: u16 = 0;
/// There is no such name.
const NO_SUCH_NAME: u16 = 3;

/// What of an answer counts.
#[derive(Deserialize)]
struct Response {
    #[serde(rename = "Status")]
    status: u16,
    #[serde(rename = "Answer", default)]
    answer: Vec<Record>,
}

#[derive(Deserialize)]
struct Record {
    name: String,
    #[serde(rename = "type")]
    kind: u16,
    data: String,
}

/// Whether `name` has a TXT record whose whole text is `value`. An alias (CNAME) is not followed: where a forgotten one leads, somebody else may answer.
///
/// # Errors
/// 503 when the resolver gives no answer, or one that says nothing about the name.
pub async fn has_text(edge: &Edge, name: &str, value: &str) -> Result<bool, ApiError> {
    let query = Serializer::new(String::new())
        .append_pair("name", name)
        .append_pair("type", "TXT")
        .finish();
    let url = format!("{}?{query}", edge.config.resolver.as_str());
    let get = edge.upstream.get(&url, MEDIA_TYPE, ANSWER_BYTES_MAX);
    let unavailable = |reason: &str| ApiError::unavailable(format!("DNS of {name}: {reason}"));
    let bytes = match edge.clock.within(FETCH_MS, get).await {
        Some(Ok(bytes)) => bytes,
        Some(Err(UpstreamError(reason))) => return Err(unavailable(&reason)),
        None => return Err(unavailable(&format!("no answer within {FETCH_MS} ms"))),
    };
    let response: Response = json::parse(&bytes).map_err(|error| unavailable(error.detail()))?;
    match response.status {
        NO_ERROR => Ok(response
            .answer
            .iter()
            .any(|record| record.says(name, value))),
        NO_SUCH_NAME => Ok(false),
        status => Err(unavailable(&format!("status {status}"))),
    }
}

impl Record {
    fn says(&self, name: &str, value: &str) -> bool {
        let own = self.name.strip_suffix('.').unwrap_or(&self.name);
        self.kind == TXT && own.eq_ignore_ascii_case(name) && text(&self.data) == value
    }
}

/// The text of a TXT record: its strings in quotes (RFC 1035, section 5.1) put together, or as it is where a resolver leaves the quotes out. What is compared with has neither quotes nor backslashes, so they need no reading.
fn text(data: &str) -> String {
    match data
        .strip_prefix('"')
        .and_then(|data| data.strip_suffix('"'))
    {
        Some(strings) => strings.replace("\" \"", ""),
        None => data.to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{Answers, World, now};

    const NAME: &str = "_lockstep.acme.example";

    #[track_caller]
    fn check(answer: Answers, says: Result<bool, &str>) {
        let world = World::new();
        let url = "https://cloudflare-dns.com/dns-query?name=_lockstep.acme.example&type=TXT";
        world.upstream.set(url, answer);
        let found = now(has_text(&world.edge, NAME, "token=1"));
        assert_eq!(found.map_err(|error| error.code().as_str()), says);
    }

    fn body(text: &str) -> Answers {
        Answers::Body(text.as_bytes().to_vec())
    }

    fn one(name: &str, kind: u16, data: &str) -> Answers {
        let record = serde_json::json!({ "name": name, "type": kind, "TTL": 60, "data": data });
        body(&serde_json::json!({ "Status": 0, "AD": false, "Answer": [record] }).to_string())
    }

    #[test]
    fn a_record_is_there_when_its_whole_text_is_at_that_name() {
        for (name, data) in [
            (NAME, "\"token=1\""),
            ("_lockstep.acme.example.", "\"token=1\""),
            ("_LOCKSTEP.Acme.Example", "\"tok\" \"en=1\""),
            (NAME, "token=1"),
        ] {
            check(one(name, TXT, data), Ok(true));
        }
        for (name, kind, data) in [
            // What an alias leads to has that one's name.
            ("taken.elsewhere.example", TXT, "\"token=1\""),
            ("acme.example", TXT, "\"token=1\""),
            (NAME, 5, "token=1"),
            (NAME, TXT, "\"token=12\""),
            (NAME, TXT, "\"x token=1\""),
            (NAME, TXT, "\"token=1\" \"token=1\""),
            (NAME, TXT, ""),
        ] {
            check(one(name, kind, data), Ok(false));
        }
        check(body(r#"{"Status":3}"#), Ok(false));
        check(body(r#"{"Status":0}"#), Ok(false));
    }

    #[test]
    fn what_is_no_answer_says_neither_yes_nor_no() {
        for answer in [
            Answers::Error,
            Answers::WithoutEnd,
            Answers::Nothing,
            body(""),
            body("[]"),
            body(r#"{"Status":2}"#),
            body(r#"{"Status":0,"Status":3}"#),
            body(r#"{"Status":0,"Answer":[{"name":"x"}]}"#),
        ] {
            check(answer, Err("unavailable"));
        }
    }
}

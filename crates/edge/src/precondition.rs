//! `If-Match` and `ETag`: an edit of what is no longer as the caller saw it changes nothing (RFC 9110, section 13.1.1).
//!
//! The tag of a thing is the epoch of its last change. A cache on the way may have weakened it (`W/`), as Cloudflare's does to what it compresses. An epoch is still what it was, so both forms count alike, also in `If-Match`, which takes strong ones only where the bytes matter.

use serde::{Deserialize, Serialize};

use crate::{
    http::{Request, Response},
    problem::{ApiError, Code},
};

/// The most tags of one `If-Match`.
const TAGS_MAX: usize = 20;

/// What a caller believes to edit.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum IfMatch {
    /// `*`: anything that is there.
    Any,
    /// One of these epochs.
    Epochs(Vec<i64>),
}

impl IfMatch {
    /// Whether what was changed last at `epoch` is what the caller means; `None` is what has no tag.
    #[must_use]
    pub fn is_met(&self, epoch: Option<i64>) -> bool {
        match self {
            Self::Any => true,
            Self::Epochs(epochs) => epoch.is_some_and(|epoch| epochs.contains(&epoch)),
        }
    }
}

/// The `If-Match` of a request that edits.
///
/// # Errors
/// 400 when it is no list of entity tags.
pub fn read(request: &Request) -> Result<Option<IfMatch>, ApiError> {
    let Some(text) = request.header("if-match") else {
        return Ok(None);
    };
    if text.trim() == "*" {
        return Ok(Some(IfMatch::Any));
    }
    let mut epochs = Vec::new();
    for tag in tags(text) {
        let tag = tag.ok_or_else(|| {
            let detail = "`If-Match` is `*` or a list of entity tags, each in double quotes.";
            ApiError::new(Code::InvalidValue, detail)
        })?;
        // A tag that is none of ours is legal, and matches nothing.
        epochs.extend(epoch(tag));
    }
    Ok(Some(IfMatch::Epochs(epochs)))
}

/// Refuses an edit of what has no tag, for every tag but `*`.
///
/// # Errors
/// 412, and 400 as [`read`].
pub fn require_untagged(request: &Request) -> Result<(), ApiError> {
    match read(request)? {
        Some(edited) if !edited.is_met(None) => Err(failed()),
        _ => Ok(()),
    }
}

/// What stands between the quotes of each tag in a list; `None` for what is no tag.
fn tags(text: &str) -> impl Iterator<Item = Option<&str>> {
    text.split(',').take(TAGS_MAX).map(|tag| {
        let tag = tag.trim();
        let tag = tag.strip_prefix("W/").unwrap_or(tag);
        tag.strip_prefix('"')?.strip_suffix('"')
    })
}

/// The epoch of a tag that is ours.
fn epoch(tag: &str) -> Option<i64> {
    let epoch = tag.parse::<i64>().ok();
    epoch.filter(|epoch| epoch.to_string() == tag)
}

/// Whether what is set must not be there yet: `If-None-Match: *` (RFC 9110, section 13.1.2).
///
/// # Errors
/// 400 for any other `If-None-Match`, which a change does not know.
pub fn is_new(request: &Request) -> Result<bool, ApiError> {
    match request.header("if-none-match").map(str::trim) {
        None => Ok(false),
        Some("*") => Ok(true),
        Some(_) => {
            let detail = "`If-None-Match` of a change is `*`.";
            Err(ApiError::new(Code::InvalidValue, detail))
        }
    }
}

/// The epochs of what the reader has: the tags in `If-None-Match` that are ours.
#[must_use]
pub fn known(request: &Request) -> Vec<i64> {
    let text = request.header("if-none-match").unwrap_or_default();
    tags(text).flatten().filter_map(epoch).collect()
}

/// Whether the reader has what has this tag, which is no epoch; without its quotes.
#[must_use]
pub fn knows(request: &Request, tag: &str) -> bool {
    let text = request.header("if-none-match").unwrap_or_default();
    text.trim() == "*" || tags(text).any(|known| known == Some(tag))
}

/// The refusal of an edit of what has changed meanwhile.
#[must_use]
pub fn failed() -> ApiError {
    let detail = "It has changed since you read it. Read it again.";
    ApiError::new(Code::PreconditionFailed, detail)
}

/// What has an entity tag.
pub trait Tagged {
    /// The epoch of its last change.
    fn epoch(&self) -> i64;
}

macro_rules! tagged {
    ($($view:ident),*) => {
        $(impl Tagged for lockstep_wire::$view {
            fn epoch(&self) -> i64 {
                self.epoch
            }
        })*
    };
}

tagged!(
    DomainView,
    GroupView,
    IssuerView,
    MemberView,
    OrganizationView,
    ProjectView,
    RoleView,
    RuleView,
    ServiceAccountView,
    SettingView,
    WebhookView,
    WorkspaceView
);

/// Says at which epoch the thing in the answer changed last.
#[must_use]
pub fn with_etag(response: Response, epoch: i64) -> Response {
    response.with_header("etag", &format!("\"{epoch}\""))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::http::Method;

    fn parsed(text: &str) -> Result<Option<IfMatch>, ApiError> {
        read(&Request::new(Method::Patch, "/").with_header("if-match", text))
    }

    #[test]
    fn a_list_of_tags_is_read() {
        assert_eq!(parsed("*").unwrap(), Some(IfMatch::Any));
        let epochs = |epochs: &[i64]| Some(IfMatch::Epochs(epochs.to_vec()));
        assert_eq!(parsed("\"7\"").unwrap(), epochs(&[7]));
        assert_eq!(parsed("\"7\", \"x\" ,\"8\"").unwrap(), epochs(&[7, 8]));
        assert_eq!(parsed("\"07\"").unwrap(), epochs(&[]), "not as we spell it");
        for text in ["7", "", "\"7", "W/", "W/7", "w/\"7\"", "\"7\", *"] {
            assert_eq!(
                parsed(text).unwrap_err().code(),
                Code::InvalidValue,
                "{text}"
            );
        }
    }

    /// Cloudflare weakens the tag of what it compresses, and a page sends back what it got.
    #[test]
    fn a_weakened_tag_is_the_same() {
        let epochs = Some(IfMatch::Epochs(vec![7, 8]));
        assert_eq!(parsed("W/\"7\", \"8\"").unwrap(), epochs);
        let request = Request::new(Method::Get, "/");
        let request = request.with_header("if-none-match", "W/\"7\",\"8\", nothing");
        assert_eq!(known(&request), [7, 8]);
    }

    #[test]
    fn the_policy_that_a_reader_has_is_not_sent_again() {
        let world = crate::testing::World::new();
        let read = Request::new(Method::Get, "/v1/policy");
        let etag = world.send(&read).header("etag").unwrap().to_owned();
        let status = |tags: &str| {
            let request = Request::new(Method::Get, "/v1/policy");
            world
                .send(&request.with_header("if-none-match", tags))
                .status
        };
        assert_eq!(status(&etag), 304);
        assert_eq!(status(&format!("W/{etag}")), 304);
        assert_eq!(status(&format!("\"another\", W/{etag}")), 304);
        assert_eq!(status("*"), 304);
        assert_eq!(status("\"another\""), 200);
        assert_eq!(status(etag.trim_matches('"')), 200);
    }

    #[test]
    fn what_has_no_tag_matches_none() {
        assert!(IfMatch::Any.is_met(None));
        assert!(!IfMatch::Epochs(vec![7]).is_met(None));
        assert!(!IfMatch::Epochs(vec![7]).is_met(Some(8)));
        assert!(IfMatch::Epochs(vec![6, 7]).is_met(Some(7)));
    }
}

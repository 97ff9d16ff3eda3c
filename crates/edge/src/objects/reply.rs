//! What an object answers to one command.

use serde::Serialize;

use crate::problem::ApiError;

/// What a command answers, and what follows its commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    /// The answer as JSON.
    pub body: String,
    /// Text for every open event stream of this object.
    pub announcement: Option<String>,
    /// The answer is an event stream instead of `body`.
    pub subscription: Option<Subscription>,
    /// Streams of these subscribers end.
    pub ended: Vec<String>,
    /// The answer is one that was given before, to another request with the same key.
    pub is_replay: bool,
    /// That it was given is worth a row of the log, although nothing changed.
    pub is_telling: bool,
    /// Nothing was changed, so it is not kept for a request that is sent again.
    pub is_unchanged: bool,
    /// What of it was not allowed, although the rest was.
    pub denied: Option<ApiError>,
    /// The id of what it was done to, where the command does not name that.
    pub target: Option<String>,
}

/// An event stream to be opened.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Subscription {
    /// Whose stream it is, so that [`Reply::ending`] can end it; a principal's id.
    pub subscriber: String,
    /// The first text on the stream.
    pub first: String,
    /// When it ends at the latest, in Unix milliseconds, as far as that is known: with what it was opened by.
    pub until_ms: Option<i64>,
}

impl Reply {
    /// An answer that carries `value`.
    ///
    /// # Errors
    /// When `value` cannot be written, which is a fault.
    pub fn of(value: &impl Serialize) -> Result<Self, ApiError> {
        let body = serde_json::to_string(value)
            .map_err(|error| ApiError::internal(format!("reply cannot be written: {error}")))?;
        Ok(Self {
            body,
            ..Self::done()
        })
    }

    /// An answer that says only that it is done; callers read it as `()`.
    #[must_use]
    pub fn done() -> Self {
        Self {
            body: "null".to_owned(),
            announcement: None,
            subscription: None,
            ended: Vec::new(),
            is_replay: false,
            is_telling: false,
            is_unchanged: false,
            denied: None,
            target: None,
        }
    }

    /// Has the log say that this was read, and by whom.
    #[must_use]
    pub const fn telling(mut self) -> Self {
        self.is_telling = true;
        self
    }

    /// Says that nothing was changed: sent again, the request is decided anew.
    #[must_use]
    pub const fn changing_nothing(mut self) -> Self {
        self.is_unchanged = true;
        self
    }

    /// Has the log say that a part of what was asked was not allowed.
    #[must_use]
    pub fn denying(mut self, denied: Option<ApiError>) -> Self {
        self.denied = denied;
        self
    }

    /// Has the log say that it was done to what `target` names, which the command does not.
    #[must_use]
    pub fn about(mut self, target: &str) -> Self {
        self.target = Some(target.to_owned());
        self
    }

    /// Opens an event stream for `subscriber` that begins with the text `first` and ends at `until_ms`, if not before.
    #[must_use]
    pub fn stream(subscriber: &str, first: String, until_ms: Option<i64>) -> Self {
        let subscription = Subscription {
            subscriber: subscriber.to_owned(),
            first,
            until_ms,
        };
        Self {
            subscription: Some(subscription),
            ..Self::done()
        }
    }

    /// Sends `text` (complete server-sent events, each ended by an empty line) to all open streams after the commit.
    #[must_use]
    pub fn announcing(mut self, text: String) -> Self {
        self.announcement = Some(text);
        self
    }

    /// Ends the open streams of `subscriber` after the commit and after the announcement.
    #[must_use]
    pub fn ending(mut self, subscriber: &str) -> Self {
        self.ended.push(subscriber.to_owned());
        self
    }
}

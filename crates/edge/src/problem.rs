//! Errors as callers see them: RFC 9457 problem details with a stable `code`.
//!
//! [`Code`] is the one table of codes; a code never changes its meaning.
//! An [`ApiError`] is what every route and every object command fails with, and it crosses from an object to the Worker in the same JSON that the caller gets.

use serde_json::{Map, Value};

use crate::http::Response;

macro_rules! codes {
    ($($(#[$doc:meta])* $name:ident = $code:literal, $status:literal, $title:literal;)*) => {
        /// A stable, kebab-case name for one way of being refused.
        #[derive(Debug, Clone, Copy, PartialEq, Eq)]
        #[non_exhaustive]
        pub enum Code {
            $($(#[$doc])* $name,)*
        }

        impl Code {
            /// Every code, in the order of the table.
            pub const ALL: &'static [Self] = &[$(Self::$name,)*];

            /// The code as it is sent.
            #[must_use]
            pub const fn as_str(self) -> &'static str {
                match self { $(Self::$name => $code,)* }
            }

            /// The HTTP status that belongs to it.
            #[must_use]
            pub const fn status(self) -> u16 {
                match self { $(Self::$name => $status,)* }
            }

            /// The short sentence that is the same for every occurrence (RFC 9457, section 3.1.4).
            #[must_use]
            pub const fn title(self) -> &'static str {
                match self { $(Self::$name => $title,)* }
            }
        }
    };
}

codes! {
    /// The body is not the JSON that the route takes: syntax, unknown, duplicate or missing members, wrong types.
    InvalidBody = "invalid-body", 400, "The request body is not valid";
    /// A query parameter is unknown to the route, there twice or of the wrong form.
    InvalidQuery = "invalid-query", 400, "The query is not valid";
    /// A member has the right type, but a value that is not accepted.
    InvalidValue = "invalid-value", 400, "A value is not accepted";
    /// The e-mail address is not one that can be fixed for ever as a name.
    InvalidAddress = "invalid-address", 400, "The e-mail address is not accepted";
    /// The organization cannot have an issuer with such a record.
    InvalidIssuer = "invalid-issuer", 400, "The issuer's record is not accepted";
    /// The page's cursor is not one that this list gave to this caller.
    InvalidCursor = "invalid-cursor", 400, "The cursor is not valid";
    /// `Idempotency-Key` is not 1 to 255 visible ASCII characters without quotes and backslashes.
    InvalidIdempotencyKey = "invalid-idempotency-key", 400, "The idempotency key is not accepted";
    /// More than one credential was sent.
    SeveralCredentials = "several-credentials", 400, "Send exactly one credential";
    /// The policy knows no such permission.
    UnknownPermission = "unknown-permission", 400, "The policy has no such permission";
    /// The policy knows no such role.
    UnknownRole = "unknown-role", 400, "The policy has no such role";
    /// Path, headers and body name different organizations or workspaces.
    ContextMismatch = "context-mismatch", 400, "Path, headers and body disagree";
    /// Neither path nor headers nor the credential say for which organization the request is.
    OrganizationRequired = "organization-required", 400, "Say which organization";
    /// The caller sent an epoch above the organization's.
    EpochAhead = "epoch-ahead", 400, "The organization has not reached this epoch";
    /// No credential, or one that is not valid.
    Unauthenticated = "unauthenticated", 401, "Sign in first";
    /// The sign-in code is wrong, used, expired, tried too often, or was asked for by another browser.
    CodeRefused = "code-refused", 401, "The sign-in code is not accepted";
    /// An unsafe method without our own Origin and without a bearer credential.
    OriginRefused = "origin-refused", 403, "The request comes from another origin";
    /// The action is for people who signed in with a session, not for tokens.
    SessionRequired = "session-required", 403, "This needs a signed-in session";
    /// The action is about a person's own account, and a service account asks.
    PersonRequired = "person-required", 403, "This is for people";
    /// The organization takes no token that lives as long as this one.
    TokenLifetime = "token-lifetime", 403, "The token lives longer than the organization allows";
    /// Decision: the principal is not a member.
    NoMembership = "no-membership", 403, "Not a member";
    /// Decision: no grant gives the permission.
    NoGrant = "no-grant", 403, "Not allowed";
    /// Decision: a deny rule matched.
    DeniedByRule = "denied-by-rule", 403, "A rule denies this";
    /// Decision: the organization role caps the permission.
    Capped = "capped", 403, "The organization role does not allow this";
    /// Decision: a condition of the policy is not met.
    GuardFailed = "guard-failed", 403, "A condition is not met";
    /// Decision: a fact that a condition needs was not given.
    FactMissing = "fact-missing", 403, "A fact is missing";
    /// Decision: the grant that would have allowed it has expired.
    Expired = "expired", 403, "The grant has expired";
    /// Decision: the token's scope or subtree does not hold it.
    OutOfTokenScope = "out-of-token-scope", 403, "The token does not reach this";
    /// Decision: the plan does not include it.
    Plan = "plan", 403, "The plan does not include this";
    /// The role gives more than who hands it out holds (law 5).
    ExceedsGrantor = "exceeds-grantor", 403, "Nobody hands out what they do not hold";
    /// There is nothing here, or nothing that the caller may know of.
    NotFound = "not-found", 404, "There is nothing here";
    /// The path exists, with other methods.
    MethodNotAllowed = "method-not-allowed", 405, "The method is not allowed here";
    /// The body did not arrive in time.
    BodyTimeout = "body-timeout", 408, "The request body took too long";
    /// An invitation to this address is pending.
    AlreadyInvited = "already-invited", 409, "Invited already";
    /// Somebody with this address is a member.
    AlreadyMember = "already-member", 409, "A member already";
    /// The invitation was accepted, declined or canceled, or has expired.
    InvitationNotPending = "invitation-not-pending", 409, "The invitation is no longer pending";
    /// Who invited may no longer do so.
    InvitationVoid = "invitation-void", 409, "The invitation no longer counts";
    /// The organization would be left without an admin (law 7).
    LastAdmin = "last-admin", 409, "An organization always keeps an admin";
    /// The change contradicts what is there now.
    Conflict = "conflict", 409, "The change contradicts the present state";
    /// The record that proves the domain is not there.
    DomainUnproven = "domain-unproven", 409, "The domain is not proven";
    /// The domain is proven by another organization of the deployment.
    DomainTaken = "domain-taken", 409, "The domain is taken";
    /// The deployment has no key to keep secrets with.
    NoSettingsKey = "no-settings-key", 409, "Secrets are not kept here";
    /// A named limit on how many there may be is reached.
    LimitReached = "limit-reached", 409, "A limit is reached";
    /// What is to be edited has changed since the caller read it.
    PreconditionFailed = "precondition-failed", 412, "It has changed meanwhile";
    /// The body is larger than the route takes: 64 KiB, and 4 MiB of an imported file.
    BodyTooLarge = "body-too-large", 413, "The request body is too large";
    /// The body is not `application/json`, or is compressed.
    UnsupportedMediaType = "unsupported-media-type", 415, "Send application/json";
    /// The idempotency key came with another body before.
    IdempotencyKeyReused = "idempotency-key-reused", 422, "The idempotency key was used for something else";
    /// Too many requests from this client, or for this address.
    TooManyRequests = "too-many-requests", 429, "Too many requests";
    /// A fault of ours; the log has the reason.
    Internal = "internal", 500, "Something went wrong";
    /// A secret of a setting does not open, because its key is not configured or its row was changed; the log has the reason.
    SecretUnreadable = "secret-unreadable", 500, "A secret cannot be read";
    /// The deployment's configuration is wrong; the log has the reason.
    Misconfigured = "misconfigured", 500, "The deployment is misconfigured";
    /// Something this answer depends on does not answer. Nothing was decided.
    Unavailable = "unavailable", 503, "Not available at the moment";
}

impl Code {
    /// The code with this name, if there is one.
    #[must_use]
    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|code| code.as_str() == name)
    }
}

/// How soon somebody is to ask again where an object runs other code than who asks it, in seconds: a roll-out takes that long.
pub const OTHER_CODE_S: u32 = 10;

/// A refusal or a fault, ready to be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiError {
    code: Code,
    detail: String,
    members: Map<String, Value>,
    retry_after_s: Option<u32>,
    allow: Option<String>,
    cause: Option<String>,
    is_invalid_token: bool,
    is_sensitive: bool,
}

impl ApiError {
    /// A problem of this kind with a sentence for this occurrence.
    pub fn new(code: Code, detail: impl Into<String>) -> Self {
        Self {
            code,
            detail: detail.into(),
            members: Map::new(),
            retry_after_s: None,
            allow: None,
            cause: None,
            is_invalid_token: false,
            is_sensitive: false,
        }
    }

    /// What is not there and what the caller may not know of are answered alike.
    #[must_use]
    pub fn not_found() -> Self {
        Self::new(
            Code::NotFound,
            "There is nothing here, or nothing you may see.",
        )
    }

    /// A fault of ours: `cause` goes to the log and never to the caller.
    pub fn internal(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            Code::Internal,
            "The request could not be completed; nothing was decided.",
        );
        error.cause = Some(cause.into());
        error
    }

    /// A secret that does not open: `cause` goes to the log.
    pub fn unreadable(cause: impl Into<String>) -> Self {
        let detail = "A secret cannot be read. The operator finds the reason in the log.";
        let mut error = Self::new(Code::SecretUnreadable, detail);
        error.cause = Some(cause.into());
        error
    }

    /// Something this answer depends on did not answer; `cause` goes to the log.
    pub fn unavailable(cause: impl Into<String>) -> Self {
        let mut error = Self::new(
            Code::Unavailable,
            "Please try again in a moment; nothing was decided.",
        );
        error.cause = Some(cause.into());
        error.retry_after_s = Some(1);
        error
    }

    /// An object answered what this code cannot read, which other code has written. Whether it changed something is not known.
    pub fn of_other_code(cause: impl Into<String>) -> Self {
        let detail = "Please try again in a moment; whether something was changed is not known.";
        let mut error = Self::new(Code::Unavailable, detail);
        error.cause = Some(cause.into());
        error.retry_after_s = Some(OTHER_CODE_S);
        error
    }

    /// Adds an extension member (RFC 9457, section 3.2), for example `decision`.
    #[must_use]
    pub fn with_member(mut self, name: &str, value: Value) -> Self {
        self.members.insert(name.to_owned(), value);
        self
    }

    /// Adds `Retry-After`, in seconds.
    #[must_use]
    pub fn with_retry_after_s(mut self, seconds: u32) -> Self {
        self.retry_after_s = Some(seconds);
        self
    }

    /// Adds `Allow` (RFC 9110, section 10.2.1).
    #[must_use]
    pub fn with_allow(mut self, methods: String) -> Self {
        self.allow = Some(methods);
        self
    }

    /// Says that a credential was sent and is not valid; nothing about why (RFC 6750, section 3.1).
    #[must_use]
    pub const fn with_invalid_token(mut self) -> Self {
        self.is_invalid_token = true;
        self
    }

    /// Says that a permission refused which is sensitive: the object that answers this writes it down.
    #[must_use]
    pub const fn of_sensitive(mut self, is_sensitive: bool) -> Self {
        self.is_sensitive = is_sensitive;
        self
    }

    /// Whether a permission refused which is sensitive.
    #[must_use]
    pub const fn is_sensitive(&self) -> bool {
        self.is_sensitive
    }

    /// Which kind of problem this is.
    #[must_use]
    pub const fn code(&self) -> Code {
        self.code
    }

    /// The sentence for this occurrence.
    #[must_use]
    pub fn detail(&self) -> &str {
        &self.detail
    }

    /// The reason for the log; the caller never sees it.
    #[must_use]
    pub fn cause(&self) -> Option<&str> {
        self.cause.as_deref()
    }

    /// The problem document.
    #[must_use]
    pub fn to_problem(&self) -> String {
        let mut document = self.members.clone();
        let mut set = |name: &str, value: Value| document.insert(name.to_owned(), value);
        set(
            "type",
            format!("urn:lockstep:problem:{}", self.code.as_str()).into(),
        );
        set("title", self.code.title().into());
        set("status", self.code.status().into());
        set("detail", self.detail.clone().into());
        set("code", self.code.as_str().into());
        if let Some(seconds) = self.retry_after_s {
            set("retry_after_s", seconds.into());
        }
        Value::Object(document).to_string()
    }

    /// Reads a problem document that one of our objects answered; anything else is a fault, but for a code of later code.
    #[must_use]
    pub fn from_problem(document: &str) -> Self {
        let Ok(Value::Object(mut members)) = serde_json::from_slice(document.as_bytes()) else {
            return Self::internal("an object answered an error that is not a problem document");
        };
        let mut take = |name: &str| members.remove(name);
        let code = take("code")
            .as_ref()
            .and_then(Value::as_str)
            .and_then(Code::from_name);
        let detail = take("detail")
            .as_ref()
            .and_then(Value::as_str)
            .map(str::to_owned);
        let retry_after_s = take("retry_after_s").as_ref().and_then(Value::as_u64);
        let (Some(code), Some(detail)) = (code, detail) else {
            return Self::of_other_code("an object answered a problem without a known code");
        };
        for name in ["type", "title", "status"] {
            members.remove(name);
        }
        Self {
            members,
            retry_after_s: retry_after_s.and_then(|seconds| u32::try_from(seconds).ok()),
            ..Self::new(code, detail)
        }
    }

    /// RFC 6750, section 3: what it takes to be answered otherwise.
    fn challenge(&self) -> Option<&'static str> {
        match self.code {
            Code::OutOfTokenScope => {
                Some("Bearer realm=\"lockstep\", error=\"insufficient_scope\"")
            }
            code if code.status() != 401 => None,
            _ if self.is_invalid_token => {
                Some("Bearer realm=\"lockstep\", error=\"invalid_token\"")
            }
            _ => Some("Bearer realm=\"lockstep\""),
        }
    }

    /// The answer for the caller.
    #[must_use]
    pub fn into_response(self) -> Response {
        let mut response = Response::new(self.code.status())
            .with_body("application/problem+json", self.to_problem().into_bytes());
        if let Some(challenge) = self.challenge() {
            response = response.with_header("www-authenticate", challenge);
        }
        if let Some(seconds) = self.retry_after_s {
            response = response.with_header("retry-after", &seconds.to_string());
        }
        if let Some(methods) = &self.allow {
            response = response.with_header("allow", methods);
        }
        response
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_code_has_one_name_and_a_client_or_server_status() {
        for code in Code::ALL {
            assert_eq!(Code::from_name(code.as_str()), Some(*code));
            assert!((400..=599).contains(&code.status()));
        }
    }

    #[test]
    fn a_problem_survives_the_way_from_an_object_to_the_worker() {
        let sent = ApiError::new(Code::NoGrant, "This needs the role Admin.")
            .with_member("decision", serde_json::json!({"decision": false}))
            .with_retry_after_s(7);
        assert_eq!(ApiError::from_problem(&sent.to_problem()), sent);
    }

    #[test]
    fn the_cause_of_a_fault_is_not_sent() {
        let fault = ApiError::internal("table missing");
        assert!(!fault.to_problem().contains("table missing"));
        assert_eq!(fault.cause(), Some("table missing"));
    }

    #[test]
    fn nonsense_from_an_object_is_a_fault_and_a_code_of_later_code_is_none() {
        assert_eq!(ApiError::from_problem("<html>").code(), Code::Internal);
        let later = ApiError::from_problem("{\"code\":\"new\",\"detail\":\"x\"}");
        assert_eq!(later.code(), Code::Unavailable);
        let told = later.into_response();
        assert_eq!(told.header("retry-after"), Some("10"));
    }
}

//! Requests and answers as plain values, so that routes run natively in tests.
//!
//! The platform reads the body (at most [`BODY_BYTES_MAX`] of it) before a route sees the request, and sends the answer.
//! A larger one ([`Unread`]) is read when it is known who sends it: what strangers send costs no memory.

use std::{any::Any, cell::OnceCell, collections::BTreeMap, fmt, pin::Pin};

use futures_util::Stream;
pub use lockstep_wire::IMPORT_BYTES_MAX;
use serde::Serialize;

use crate::{
    authenticate::FreshCaller,
    edge::Later,
    problem::{ApiError, Code},
};

/// Largest accepted request body, in bytes.
pub const BODY_BYTES_MAX: usize = 65_536;
/// Where an organization comes in as a file. The Worker's script knows this, and both limits.
pub const IMPORT_PATH: &str = "/v1/organizations/import";
/// How soon who sends one file more than an isolate has room for may try again, in seconds.
const BUSY_S: u32 = 2;

/// An HTTP method that some route may have.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// DELETE.
    Delete,
    /// GET.
    Get,
    /// PATCH.
    Patch,
    /// POST.
    Post,
    /// PUT.
    Put,
    /// Any method that no route has.
    Other,
}

impl Method {
    /// Reads the method of a request line; methods are case-sensitive (RFC 9110, section 9.1).
    #[must_use]
    pub fn from_name(name: &str) -> Self {
        match name {
            "DELETE" => Self::Delete,
            "GET" => Self::Get,
            "PATCH" => Self::Patch,
            "POST" => Self::Post,
            "PUT" => Self::Put,
            _ => Self::Other,
        }
    }

    /// The method's name, for `Allow`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Delete => "DELETE",
            Self::Get => "GET",
            Self::Patch => "PATCH",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Other => "OTHER",
        }
    }

    /// Whether a request with this method may change something.
    #[must_use]
    pub const fn is_unsafe(self) -> bool {
        !matches!(self, Self::Get)
    }
}

/// Why a body could not be taken.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BodyError {
    /// It broke off.
    Broken,
    /// Too many large ones are being read at once.
    Busy,
    /// It did not arrive in time.
    Late,
    /// It is no UTF-8.
    NotText,
    /// It has more bytes than this.
    TooLarge(usize),
}

/// What is taken of a body.
pub type Taken = Result<Vec<u8>, BodyError>;

/// A body that is not read yet; only [`Request::receive`] reads it.
pub struct Unread(Box<ReadBody>);

type ReadBody = dyn Fn(&str) -> Later<'static, Taken>;

impl Unread {
    /// A body that `read` reads, which is told the id of who sends it. It is called once at most.
    pub fn new(read: impl Fn(&str) -> Later<'static, Taken> + 'static) -> Self {
        Self(Box::new(read))
    }
}

impl fmt::Debug for Unread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Unread")
    }
}

/// One request.
#[derive(Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The path as the URL has it, percent-encoding included.
    pub path: String,
    query: Vec<(String, String)>,
    headers: BTreeMap<String, String>,
    body: OnceCell<Taken>,
    unread: Option<Unread>,
}

impl Request {
    /// A request without query, headers and body.
    pub fn new(method: Method, path: impl Into<String>) -> Self {
        Self {
            method,
            path: path.into(),
            query: Vec::new(),
            headers: BTreeMap::new(),
            body: OnceCell::from(Ok(Vec::new())),
            unread: None,
        }
    }

    /// Sets the query string (without the question mark).
    #[must_use]
    pub fn with_query(mut self, query: &str) -> Self {
        self.query = form_urlencoded::parse(query.as_bytes())
            .into_owned()
            .collect();
        self
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers
            .insert(name.to_ascii_lowercase(), value.to_owned());
        self
    }

    /// Sets the body.
    #[must_use]
    pub fn with_body(mut self, body: Taken) -> Self {
        self.body = OnceCell::from(body);
        self
    }

    /// Sets a body that waits for who sends it to be known.
    #[must_use]
    pub fn with_unread(mut self, unread: Unread) -> Self {
        self.body = OnceCell::new();
        self.unread = Some(unread);
        self
    }

    /// A header by its lower-case name; several of one name are joined by `, `.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name).map(String::as_str)
    }

    /// Names and values of the query, decoded, in order. What a route takes of them it reads by its call.
    pub fn query(&self) -> impl Iterator<Item = (&str, &str)> {
        let pairs = self.query.iter();
        pairs.map(|(name, value)| (name.as_str(), value.as_str()))
    }

    /// The values of a cookie, in order; more than one means that somebody planted one.
    pub fn cookies<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        let pairs = self.header("cookie").unwrap_or_default().split(';');
        pairs.filter_map(move |pair| {
            let (key, value) = pair.trim().split_once('=')?;
            (key == name).then_some(value)
        })
    }

    /// Whether the body waits for who sends it to be known.
    #[must_use]
    pub fn is_unread(&self) -> bool {
        self.body.get().is_none()
    }

    /// Reads a body that has waited for who sends it: whoever calls this knows.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub async fn receive(&self, caller: &FreshCaller) -> Result<(), ApiError> {
        if let (None, Some(unread)) = (self.body.get(), &self.unread) {
            let taken = (unread.0)(caller.principal.as_str()).await;
            self.body.get_or_init(|| taken);
        }
        self.body().map(|_| ())
    }

    /// Refuses a request whose body did not arrive. What it says, and whether it is text, is the matter of who reads it.
    ///
    /// # Errors
    /// As [`Self::body`].
    pub fn require_arrival(&self) -> Result<(), ApiError> {
        match self.body.get() {
            None | Some(Ok(_) | Err(BodyError::NotText)) => Ok(()),
            Some(Err(_)) => self.body().map(|_| ()),
        }
    }

    /// The body's bytes.
    ///
    /// # Errors
    /// 413, 408, 503 or 400 when the body could not be taken; a fault when it was not read.
    pub fn body(&self) -> Result<&[u8], ApiError> {
        let taken = self.body.get().ok_or_else(|| {
            ApiError::internal("a body was asked for before it was known who sends it")
        })?;
        taken.as_deref().map_err(|error| match error {
            BodyError::Broken => ApiError::new(Code::InvalidBody, "The body broke off."),
            BodyError::Busy => {
                ApiError::unavailable("too many files at once").with_retry_after_s(BUSY_S)
            }
            BodyError::Late => ApiError::new(Code::BodyTimeout, "The body did not arrive in time."),
            BodyError::NotText => {
                let detail = "The body is not UTF-8, begins with a byte order mark, or has U+FFFD, which stands for what is not UTF-8.";
                ApiError::new(Code::InvalidBody, detail)
            }
            BodyError::TooLarge(most) => {
                let detail = format!("The body may have {most} bytes at most.");
                ApiError::new(Code::BodyTooLarge, detail)
            }
        })
    }
}

/// A body that is made while it is sent. An error breaks it off, which the client notices.
pub type Chunks = Pin<Box<dyn Stream<Item = Result<Vec<u8>, ApiError>>>>;

/// What an answer carries.
pub enum Body {
    /// Nothing.
    Empty,
    /// Bytes with a media type.
    Bytes(Vec<u8>),
    /// Bytes that are made while they are sent.
    Chunks(Chunks),
    /// A stream that only the platform can read, handed through from an object untouched.
    Stream(Box<dyn Any>),
}

impl fmt::Debug for Body {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Empty => f.write_str("Empty"),
            Self::Bytes(bytes) => write!(f, "Bytes({} bytes)", bytes.len()),
            Self::Chunks(_) => f.write_str("Chunks"),
            Self::Stream(_) => f.write_str("Stream"),
        }
    }
}

/// One answer.
#[derive(Debug)]
pub struct Response {
    /// The status code.
    pub status: u16,
    /// Headers in order; names are lower-case, `set-cookie` may repeat.
    pub headers: Vec<(String, String)>,
    /// The body.
    pub body: Body,
}

impl Response {
    /// An answer without headers and body.
    #[must_use]
    pub const fn new(status: u16) -> Self {
        Self {
            status,
            headers: Vec::new(),
            body: Body::Empty,
        }
    }

    /// An answer that carries `value` as JSON.
    ///
    /// # Errors
    /// When `value` cannot be written, which is a fault of ours.
    pub fn json(status: u16, value: &impl Serialize) -> Result<Self, ApiError> {
        let text = serde_json::to_vec(value)
            .map_err(|error| ApiError::internal(format!("answer cannot be written: {error}")))?;
        Ok(Self::new(status).with_body("application/json", text))
    }

    /// 204.
    #[must_use]
    pub const fn no_content() -> Self {
        Self::new(204)
    }

    /// Adds a header.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        self.headers.push((name.to_owned(), value.to_owned()));
        self
    }

    /// Sets the body and its media type.
    #[must_use]
    pub fn with_body(mut self, media_type: &str, bytes: Vec<u8>) -> Self {
        self.body = Body::Bytes(bytes);
        self.with_header("content-type", media_type)
    }

    /// Sets a body that is made while it is sent.
    #[must_use]
    pub fn with_chunks(mut self, media_type: &str, chunks: Chunks) -> Self {
        self.body = Body::Chunks(chunks);
        self.with_header("content-type", media_type)
    }

    /// Sets a cookie that lives `max_age_s` seconds; 0 deletes it.
    /// Always `Secure`, `HttpOnly`, `SameSite=Lax` and for the whole host, as the `__Host-` prefix demands.
    #[must_use]
    pub fn with_cookie(self, name: &str, value: &str, max_age_s: u32) -> Self {
        let cookie =
            format!("{name}={value}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={max_age_s}");
        self.with_header("set-cookie", &cookie)
    }

    /// The first header of this lower-case name.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers
            .iter()
            .find(|(key, _)| key == name)
            .map(|(_, value)| value.as_str())
    }

    /// The body's bytes; empty for a stream.
    #[must_use]
    pub fn bytes(&self) -> &[u8] {
        match &self.body {
            Body::Bytes(bytes) => bytes,
            Body::Empty | Body::Chunks(_) | Body::Stream(_) => &[],
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// It reads bodies before anything here sees them.
    #[test]
    fn the_workers_script_has_the_same_limits() {
        let script = include_str!("../../xtask/js/worker.js");
        let value = |name: &str| {
            let declared = format!("const {name} = ");
            let mut values = script
                .lines()
                .filter_map(|line| line.strip_prefix(&declared));
            let value = values
                .next()
                .unwrap()
                .trim_end_matches(';')
                .replace('_', "");
            assert_eq!(values.next(), None, "{name} is declared once");
            value
        };
        assert_eq!(value("bodyBytesMax"), BODY_BYTES_MAX.to_string());
        assert_eq!(value("importBytesMax"), IMPORT_BYTES_MAX.to_string());
        assert_eq!(value("importPath"), format!("{IMPORT_PATH:?}"));
    }
}

//! Calls to Durable Objects.

use web_sys::ReadableStream;
use worker::{Env, Error, Method, Request, RequestInit, Response, ResponseBody};

use super::timeout::{CALL_MS, within};
use crate::{
    edge::Later,
    http::{self, Body},
    objects::{CallError, Class, Objects},
};

/// Objects have no address of their own; the runtime wants a URL.
const URL: &str = "https://object/";

pub(super) struct Stubs {
    env: Env,
}

impl Stubs {
    pub(super) const fn new(env: Env) -> Self {
        Self { env }
    }

    /// One call with a fresh stub, since a stub is of no use after an exception.
    async fn call_once(
        &self,
        class: Class,
        name: &str,
        command: &str,
    ) -> Result<http::Response, Failure> {
        let stub = self
            .env
            .durable_object(class.binding())?
            .get_by_name(name)?;
        let mut init = RequestInit::new();
        init.with_method(Method::Post)
            .with_body(Some(command.into()));
        let request = Request::new_with_init(URL, &init)?;
        let call = async { read(stub.fetch_with_request(request).await?).await };
        within(CALL_MS, call)
            .await
            .ok_or(Failure::Late)?
            .map_err(Failure::from)
    }
}

impl Objects for Stubs {
    fn call<'a>(
        &'a self,
        class: Class,
        name: &'a str,
        command: &'a str,
        is_idempotent: bool,
    ) -> Later<'a, Result<http::Response, CallError>> {
        Box::pin(async move {
            let first = self.call_once(class, name, command).await;
            let answer = match first {
                Err(failure) if is_idempotent && failure.may_be_repeated() => {
                    self.call_once(class, name, command).await
                }
                answer => answer,
            };
            answer.map_err(|failure| CallError(failure.to_string()))
        })
    }
}

/// Why a call gave no answer.
enum Failure {
    Late,
    Thrown(Error),
}

impl Failure {
    /// Not after a time-out, whose caller has waited long enough, and not when the object says that it has too much to do.
    fn may_be_repeated(&self) -> bool {
        match self {
            Self::Late => false,
            Self::Thrown(Error::UnknownJsError { original, .. }) => {
                let overloaded = js_sys::Reflect::get(original, &"overloaded".into());
                !overloaded.is_ok_and(|flag| flag.is_truthy())
            }
            Self::Thrown(_) => true,
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Thrown(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late => write!(f, "no answer within {CALL_MS} ms"),
            Self::Thrown(error) => write!(f, "{error}"),
        }
    }
}

/// Reads an object's answer; an event stream is handed through untouched.
async fn read(mut response: Response) -> Result<http::Response, Error> {
    let status = response.status_code();
    let media_type = response.headers().get("content-type")?.unwrap_or_default();
    let body = match response.body() {
        ResponseBody::Stream(stream) if media_type == "text/event-stream" => {
            let stream: ReadableStream = stream.clone();
            Body::Stream(Box::new(stream))
        }
        _ => Body::Bytes(response.bytes().await?),
    };
    let answer = http::Response {
        body,
        ..http::Response::new(status)
    };
    Ok(answer.with_header("content-type", &media_type))
}

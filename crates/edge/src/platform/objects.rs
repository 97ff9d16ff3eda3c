//! Calls to Durable Objects. A command is a call of a method with a text; only a stream needs a request.

use std::{cell::RefCell, collections::BTreeMap};

use js_sys::{Promise, Reflect};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::{ReadableStream, RequestInit};
use worker::Env;

use super::timeout::{CALL_MS, within};
use crate::{
    edge::Later,
    http::{Body, Response},
    objects::{CallError, Class, Manner, ObjectCall, Objects, Silence},
};

/// Objects have no address of their own; the runtime wants a URL.
const URL: &str = "https://object/";

// The worker crate binds no calls of methods.
#[wasm_bindgen]
extern "C" {
    #[derive(Clone)]
    type Namespace;
    type Stub;

    #[wasm_bindgen(method, catch, js_name = getByName)]
    fn get_by_name(this: &Namespace, name: &str) -> Result<Stub, JsValue>;

    /// The method of the classes in the Worker's script.
    #[wasm_bindgen(method, catch)]
    fn command(this: &Stub, text: &str) -> Result<Promise, JsValue>;

    /// The same with a word about where the command comes from. It is a value of its own, so that an object of a neighbouring version that does not know it answers all the same.
    #[wasm_bindgen(method, catch, js_name = command)]
    fn attributed(this: &Stub, text: &str, provenance: &str) -> Result<Promise, JsValue>;

    #[wasm_bindgen(method, catch)]
    fn fetch(this: &Stub, url: &str, init: &RequestInit) -> Result<Promise, JsValue>;
}

pub(super) struct Stubs {
    env: Env,
    /// Bindings of the isolate, as they were found.
    namespaces: RefCell<BTreeMap<Class, Namespace>>,
}

impl Stubs {
    pub(super) const fn new(env: Env) -> Self {
        Self {
            env,
            namespaces: RefCell::new(BTreeMap::new()),
        }
    }

    fn namespace(&self, class: Class) -> Result<Namespace, JsValue> {
        if let Some(known) = self.namespaces.borrow().get(&class) {
            return Ok(known.clone());
        }
        let found = Reflect::get(&self.env, &class.binding().into())?;
        let namespace: Namespace = found.unchecked_into();
        let mut known = self.namespaces.borrow_mut();
        known.insert(class, namespace.clone());
        Ok(namespace)
    }

    /// One call with a fresh stub, since a stub is of no use after an exception.
    async fn call_once(
        &self,
        call: ObjectCall<'_>,
        provenance: Option<&str>,
    ) -> Result<Response, Failure> {
        let stub = self.namespace(call.class)?.get_by_name(call.name)?;
        let call = async {
            if call.manner == Manner::Stream {
                return open(&stub, call.command).await;
            }
            let promise = match provenance {
                Some(provenance) => stub.attributed(call.command, provenance)?,
                None => stub.command(call.command)?,
            };
            let answer = JsFuture::from(promise).await?;
            read(&answer).ok_or_else(|| "an answer that is none".into())
        };
        let answer = within(CALL_MS, call).await.ok_or(Failure::Late)?;
        answer.map_err(Failure::Thrown)
    }
}

impl Objects for Stubs {
    fn call<'a>(&'a self, call: ObjectCall<'a>) -> Later<'a, Result<Response, CallError>> {
        Box::pin(async move {
            let provenance = call.provenance.map(serde_json::to_string).transpose();
            let provenance = provenance.map_err(|error| CallError(error.to_string()))?;
            let first = self.call_once(call, provenance.as_deref()).await;
            let answer = match first {
                Err(failure) if call.manner.is_repeated_after(failure.silence()) => {
                    self.call_once(call, provenance.as_deref()).await
                }
                answer => answer,
            };
            answer.map_err(|failure| CallError(failure.to_string()))
        })
    }
}

/// Reads an answer as [`write`] wrote it.
fn read(answer: &JsValue) -> Option<Response> {
    let mut body = answer.as_string()?;
    let status = body.get(..3)?.parse().ok()?;
    body.drain(..3);
    Some(Response {
        body: Body::Bytes(body.into_bytes()),
        ..Response::new(status)
    })
}

/// An answer as one text: three digits of status, and the body.
pub(super) fn write(answer: &Response) -> String {
    let body = String::from_utf8_lossy(answer.bytes());
    format!("{:03}{body}", answer.status)
}

/// The stream that the object answers with, untouched; or the text of its refusal.
async fn open(stub: &Stub, command: &str) -> Result<Response, JsValue> {
    let init = RequestInit::new();
    init.set_method("POST");
    init.set_body(&command.into());
    let answer = JsFuture::from(stub.fetch(URL, &init)?).await?;
    let answer: web_sys::Response = answer.unchecked_into();
    let stream: Option<ReadableStream> = answer.body();
    match stream {
        Some(stream) if answer.status() == 200 => Ok(Response {
            body: Body::Stream(Box::new(stream)),
            ..Response::new(200).with_header("content-type", "text/event-stream")
        }),
        _ => {
            let text = JsFuture::from(answer.text()?).await?;
            let text = text.as_string().unwrap_or_default();
            Ok(Response {
                body: Body::Bytes(text.into_bytes()),
                ..Response::new(answer.status())
            })
        }
    }
}

/// Why a call gave no answer.
enum Failure {
    Late,
    Thrown(JsValue),
}

impl Failure {
    fn silence(&self) -> Silence {
        match self {
            Self::Late => Silence::Late,
            Self::Thrown(error) => {
                let overloaded = Reflect::get(error, &"overloaded".into());
                if overloaded.is_ok_and(|flag| flag.is_truthy()) {
                    Silence::Overloaded
                } else {
                    Silence::Broken
                }
            }
        }
    }
}

impl From<JsValue> for Failure {
    fn from(error: JsValue) -> Self {
        Self::Thrown(error)
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Late => write!(f, "no answer within {CALL_MS} ms"),
            Self::Thrown(error) => write!(f, "{error:?}"),
        }
    }
}

//! Requests and answers of the runtime, to and from ours. Each value that crosses costs, so the Worker's script sends a request as one piece of memory, and makes the answer of three values.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::TryStreamExt;
use js_sys::{Array, Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;

use crate::{
    http::{
        BODY_BYTES_MAX, Body, BodyError, Chunks, IMPORT_BYTES_MAX, Method, Request, Response,
        Taken, Unread,
    },
    log,
};

/// How many different header lists are kept.
const LISTS_MAX: usize = 64;

thread_local! {
    /// Header lists as the script has them. Most answers have the same, and what is handed over again need not be written again.
    static LISTS: RefCell<BTreeMap<String, JsValue>> = const { RefCell::new(BTreeMap::new()) };
}

/// Reads a request. Its head, the first `head_length` bytes, has a line for each of: method, URL, a word about why there is no body, if there should be one, and each header's name and value.
pub(super) fn read(mut bytes: Vec<u8>, head_length: usize) -> Request {
    let body = bytes.split_off(head_length.min(bytes.len()));
    let head = String::from_utf8_lossy(&bytes);
    let mut lines = head.split('\n');
    let method = Method::from_name(lines.next().unwrap_or_default());
    let (path, query) = path_and_query(lines.next().unwrap_or_default());
    let mut request = Request::new(method, path).with_query(query);
    let body = match lines.next().unwrap_or_default() {
        "" => capped(body, BODY_BYTES_MAX),
        word => Err(untaken(word, BODY_BYTES_MAX)),
    };
    while let (Some(name), Some(value)) = (lines.next(), lines.next()) {
        request = request.with_header(name, value);
    }
    request.with_body(body)
}

/// The same of one whose body is not read yet: `pull` gives a promise of its bytes, or of a word about why there are none.
pub(super) fn read_head(head: Vec<u8>, pull: Function) -> Request {
    let length = head.len();
    let unread = Unread::new(move || {
        let pulled = pull.call0(&JsValue::NULL);
        Box::pin(async move { received(pulled).await.unwrap_or(Err(BodyError::Broken)) })
    });
    read(head, length).with_unread(unread)
}

async fn received(pulled: Result<JsValue, JsValue>) -> Result<Taken, JsValue> {
    let promise: Promise = pulled?.dyn_into()?;
    let body = JsFuture::from(promise).await?;
    if let Some(word) = body.as_string() {
        return Ok(Err(untaken(&word, IMPORT_BYTES_MAX)));
    }
    let bytes: Uint8Array = body.dyn_into()?;
    Ok(capped(bytes.to_vec(), IMPORT_BYTES_MAX))
}

fn capped(body: Vec<u8>, bytes_max: usize) -> Taken {
    if body.len() <= bytes_max {
        Ok(body)
    } else {
        Err(BodyError::TooLarge(bytes_max))
    }
}

/// What the script's words mean.
fn untaken(word: &str, bytes_max: usize) -> BodyError {
    match word {
        "busy" => BodyError::Busy,
        "late" => BodyError::Late,
        "not-text" => BodyError::NotText,
        "too-large" => BodyError::TooLarge(bytes_max),
        _ => BodyError::Broken,
    }
}

/// Of a URL as the runtime writes it: with scheme and host, and never with a fragment.
fn path_and_query(url: &str) -> (&str, &str) {
    let rest = url.split_once("://").map_or("", |(_, rest)| rest);
    let path = rest.find('/').and_then(|at| rest.get(at..)).unwrap_or("/");
    path.split_once('?').unwrap_or((path, ""))
}

/// A body that is made while it is sent. What breaks it off is for the log; the client sees that it breaks off.
fn streamed(chunks: Chunks) -> Result<ReadableStream, JsValue> {
    let chunks = chunks.map_err(|error| {
        log::error(error.cause().unwrap_or(error.detail()));
        worker::Error::from("the body could not be completed")
    });
    let response = worker::Response::from_stream(chunks)?;
    match response.body() {
        worker::ResponseBody::Stream(stream) => Ok(stream.clone()),
        _ => Err("a stream that is none".into()),
    }
}

/// An answer as the Worker's script makes it: status, header lines, and body.
pub(super) fn write(response: Response) -> Result<JsValue, JsValue> {
    let mut lines = String::new();
    for (name, value) in &response.headers {
        if value.contains(['\r', '\n']) {
            return Err("a header's value has a line break".into());
        }
        for text in [name, value] {
            lines.push_str(text);
            lines.push('\n');
        }
    }
    let body = match response.body {
        Body::Empty => JsValue::NULL,
        // Text is cheaper to hand over than bytes, and becomes the same bytes again.
        Body::Bytes(bytes) => match String::from_utf8(bytes) {
            Ok(text) => JsValue::from(text),
            Err(error) => Uint8Array::from(error.as_bytes()).into(),
        },
        Body::Chunks(chunks) => streamed(chunks)?.into(),
        Body::Stream(stream) => match stream.downcast::<ReadableStream>() {
            Ok(stream) => (*stream).into(),
            Err(_) => return Err("a stream of another platform".into()),
        },
    };
    let status = JsValue::from(response.status);
    Ok(Array::of3(&status, &list(lines), &body).unchecked_into())
}

fn list(lines: String) -> JsValue {
    LISTS.with_borrow_mut(|lists| {
        if let Some(known) = lists.get(&lines) {
            return known.clone();
        }
        let made = JsValue::from(&*lines);
        // A cookie is nobody else's, and a secret.
        if lists.len() < LISTS_MAX && !lines.contains("set-cookie\n") {
            lists.insert(lines, made.clone());
        }
        made
    })
}

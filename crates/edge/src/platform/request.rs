//! Requests and answers of the runtime, to and from ours. Each value that crosses costs, so the Worker's script sends a request as one piece of memory, and an answer is made by one call of `js/answer.js`.

use std::{cell::RefCell, collections::BTreeMap};

use futures_util::TryStreamExt;
use js_sys::{Function, Promise, Uint8Array};
use wasm_bindgen::{JsCast, JsValue, prelude::wasm_bindgen};
use wasm_bindgen_futures::JsFuture;
use web_sys::ReadableStream;

use crate::{
    http::{
        BODY_BYTES_MAX, Body, BodyError, Chunks, IMPORT_BYTES_MAX, Method, Request, Response,
        Taken, Unread,
    },
    log,
};

/// How many heads of answers are kept.
const HEADS_MAX: usize = 64;

thread_local! {
    /// The numbers of heads that answers have had. Most have the same, and what is known by its number need not be handed over again.
    static HEADS: RefCell<BTreeMap<String, u32>> = const { RefCell::new(BTreeMap::new()) };
}

#[wasm_bindgen(module = "/js/answer.js")]
extern "C" {
    #[wasm_bindgen(js_name = headNumber)]
    fn head_number(head: &str) -> u32;

    #[wasm_bindgen(catch)]
    fn answer(head: u32, body: &str) -> Result<JsValue, JsValue>;

    #[wasm_bindgen(catch, js_name = answerOnce)]
    fn answer_once(head: &str, body: &JsValue) -> Result<JsValue, JsValue>;
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

/// The same of one whose body is not read yet: `pull` is told who sends it, and gives a promise of its bytes, or of a word about why there are none.
pub(super) fn read_head(head: Vec<u8>, pull: Function) -> Request {
    let length = head.len();
    let unread = Unread::new(move |sender| {
        let pulled = pull.call1(&JsValue::NULL, &sender.into());
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

/// An answer of the runtime.
pub(super) fn write(response: Response) -> Result<JsValue, JsValue> {
    let head = head(&response)?;
    let body = match response.body {
        Body::Empty => JsValue::NULL,
        // Text is cheaper to hand over than bytes, and becomes the same bytes again.
        Body::Bytes(bytes) => match str::from_utf8(&bytes) {
            Ok(text) => match number(&head) {
                Some(head) => return answer(head, text),
                None => JsValue::from(text),
            },
            Err(_) => Uint8Array::from(&*bytes).into(),
        },
        Body::Chunks(chunks) => streamed(chunks)?.into(),
        Body::Stream(stream) => match stream.downcast::<ReadableStream>() {
            Ok(stream) => (*stream).into(),
            Err(_) => return Err("a stream of another platform".into()),
        },
    };
    answer_once(&head, &body)
}

/// A line of status, and name and value of each header, a line each.
fn head(response: &Response) -> Result<String, JsValue> {
    let mut head = response.status.to_string();
    for (name, value) in &response.headers {
        if value.contains(['\r', '\n']) {
            return Err("a header's value has a line break".into());
        }
        for text in [name, value] {
            head.push('\n');
            head.push_str(text);
        }
    }
    Ok(head)
}

/// Whether a head is hardly another answer's: a cookie is nobody else's, and a secret; a tag is of one moment, an id of one request.
fn is_of_one_answer(head: &str) -> bool {
    let own = ["\nset-cookie\n", "\netag\n", "\nx-request-id\n"];
    own.iter().any(|name| head.contains(name))
}

/// The number of a head that is kept.
fn number(head: &str) -> Option<u32> {
    HEADS.with_borrow_mut(|heads| {
        if let Some(known) = heads.get(head) {
            return Some(*known);
        }
        if heads.len() >= HEADS_MAX || is_of_one_answer(head) {
            return None;
        }
        let number = head_number(head);
        heads.insert(head.to_owned(), number);
        Some(number)
    })
}

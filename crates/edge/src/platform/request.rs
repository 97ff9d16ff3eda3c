//! Requests and answers of the runtime, to and from ours.

use futures_util::StreamExt;
use web_sys::ReadableStream;
use worker::{Request as WorkerRequest, Response as WorkerResponse, ResponseBody, ResponseBuilder};

use super::timeout::within;
use crate::http::{BODY_BYTES_MAX, Body, BodyError, Method, Request, Response};

/// How long a request's body may take, in milliseconds.
const BODY_MS: u64 = 10_000;

/// A body that is too large is read and thrown away up to here, in bytes: otherwise the connection is reset, and the client never sees why.
const DRAIN_BYTES_MAX: usize = 1_048_576;

/// Reads a request, its body included where the method has one.
pub(super) async fn read(mut request: WorkerRequest) -> Request {
    let method = Method::from_name(request.inner().method().as_str());
    let url = request.inner().url();
    let (_, query) = url.split_once('?').unwrap_or_default();
    let mut ours = Request::new(method, request.path()).with_query(query);
    for (name, value) in request.headers().entries() {
        ours = ours.with_header(&name, &value);
    }
    if !method.has_body() {
        return ours;
    }
    let body = within(BODY_MS, read_body(&mut request))
        .await
        .unwrap_or(Err(BodyError::Late));
    ours.with_body(body)
}

async fn read_body(request: &mut WorkerRequest) -> Result<Vec<u8>, BodyError> {
    let length = request.headers().get("content-length").ok().flatten();
    let length = length.and_then(|text| text.parse::<usize>().ok());
    if length.is_some_and(|length| length > DRAIN_BYTES_MAX) {
        return Err(BodyError::TooLarge);
    }
    if request.inner().body().is_none() {
        return Ok(Vec::new());
    }
    let mut stream = request.stream().map_err(|_| BodyError::Broken)?;
    let mut body = Vec::new();
    let mut read = 0_usize;
    while let Some(chunk) = stream.next().await {
        let chunk = chunk.map_err(|_| BodyError::Broken)?;
        read = read.saturating_add(chunk.len());
        if read > DRAIN_BYTES_MAX {
            break;
        }
        if read <= BODY_BYTES_MAX {
            body.extend_from_slice(&chunk);
        }
    }
    if read > BODY_BYTES_MAX {
        Err(BodyError::TooLarge)
    } else {
        Ok(body)
    }
}

/// Sends an answer.
pub(super) fn write(response: Response) -> worker::Result<WorkerResponse> {
    let builder = ResponseBuilder::new().with_status(response.status);
    let mut answer = match response.body {
        Body::Empty => builder.empty(),
        Body::Bytes(bytes) => builder.fixed(bytes),
        Body::Stream(stream) => match stream.downcast::<ReadableStream>() {
            Ok(stream) => builder.body(ResponseBody::Stream(*stream)),
            Err(_) => return Err("a stream of another platform".into()),
        },
    };
    for (name, value) in &response.headers {
        answer.headers_mut().append(name, value)?;
    }
    Ok(answer)
}

//! What is fetched from the public network and sent into it, behind [`Upstream`].

use futures_util::StreamExt;
use worker::{
    AbortController, Fetch, Headers, Method, Request, RequestInit, RequestRedirect, Response,
};

use crate::edge::{Acknowledgement, Later, Outgoing, Upstream, UpstreamError};

pub(super) struct PublicNetwork;

impl Upstream for PublicNetwork {
    fn get<'a>(
        &'a self,
        url: &'a str,
        accept: &'static str,
        bytes_max: usize,
    ) -> Later<'a, Result<Vec<u8>, UpstreamError>> {
        Box::pin(async move {
            let abort = AbortOnDrop(Some(AbortController::default()));
            let mut response = send(request(url, accept), &abort).await?;
            // A redirect is not followed: where it leads was not checked.
            if response.status_code() != 200 {
                let reason = format!("status {}", response.status_code());
                return Err(UpstreamError(reason));
            }
            body(&mut response, bytes_max).await
        })
    }

    fn post<'a>(
        &'a self,
        outgoing: &'a Outgoing,
    ) -> Later<'a, Result<Acknowledgement, UpstreamError>> {
        Box::pin(async move {
            let abort = AbortOnDrop(Some(AbortController::default()));
            let response = send(outgoing_request(outgoing), &abort).await?;
            let retry_after = response.headers().get("retry-after").ok().flatten();
            Ok(Acknowledgement {
                status: response.status_code(),
                retry_after_s: retry_after.and_then(|text| text.trim().parse().ok()),
            })
        })
    }
}

async fn send(
    request: worker::Result<Request>,
    abort: &AbortOnDrop,
) -> Result<Response, UpstreamError> {
    let broken = |error: worker::Error| UpstreamError(error.to_string());
    let request = Fetch::Request(request.map_err(broken)?);
    let sent = match abort.0.as_ref().map(AbortController::signal) {
        Some(signal) => request.send_with_signal(&signal).await,
        None => request.send().await,
    };
    sent.map_err(broken)
}

/// Whoever gives up closes the connection, so that an endless body ends.
struct AbortOnDrop(Option<AbortController>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        if let Some(controller) = self.0.take() {
            controller.abort();
        }
    }
}

fn request(url: &str, accept: &str) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("accept", accept)?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}

fn outgoing_request(outgoing: &Outgoing) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("content-type", "application/json")?;
    headers.set("user-agent", "Lockstep")?;
    for (name, value) in &outgoing.headers {
        headers.set(name, value)?;
    }
    let mut init = RequestInit::new();
    init.with_method(Method::Post)
        .with_headers(headers)
        .with_body(Some(outgoing.body.as_str().into()))
        .with_redirect(RequestRedirect::Manual);
    Request::new_with_init(&outgoing.url, &init)
}

/// The length is counted, whatever a header says about it.
async fn body(response: &mut Response, bytes_max: usize) -> Result<Vec<u8>, UpstreamError> {
    let broken = |error: worker::Error| UpstreamError(error.to_string());
    let mut stream = response.stream().map_err(broken)?;
    let mut body = Vec::new();
    while let Some(chunk) = stream.next().await {
        body.extend_from_slice(&chunk.map_err(broken)?);
        if body.len() > bytes_max {
            return Err(UpstreamError(format!("more than {bytes_max} bytes")));
        }
    }
    Ok(body)
}

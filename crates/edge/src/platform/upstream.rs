//! What is fetched from the public network, behind [`Upstream`].

use futures_util::StreamExt;
use worker::{AbortController, Fetch, Headers, Method, Request, RequestInit, RequestRedirect};

use crate::edge::{Later, Upstream, UpstreamError};

pub(super) struct PublicNetwork;

impl Upstream for PublicNetwork {
    fn get<'a>(
        &'a self,
        url: &'a str,
        bytes_max: usize,
    ) -> Later<'a, Result<Vec<u8>, UpstreamError>> {
        Box::pin(async move {
            let abort = AbortOnDrop(Some(AbortController::default()));
            let request = request(url).map_err(|error| UpstreamError(error.to_string()))?;
            let signal = abort.0.as_ref().map(AbortController::signal);
            let sent = match &signal {
                Some(signal) => Fetch::Request(request).send_with_signal(signal).await,
                None => Fetch::Request(request).send().await,
            };
            let mut response = sent.map_err(|error| UpstreamError(error.to_string()))?;
            // A redirect is not followed: where it leads was not checked.
            if response.status_code() != 200 {
                let reason = format!("status {}", response.status_code());
                return Err(UpstreamError(reason));
            }
            body(&mut response, bytes_max).await
        })
    }
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

fn request(url: &str) -> worker::Result<Request> {
    let headers = Headers::new();
    headers.set("accept", "application/json")?;
    let mut init = RequestInit::new();
    init.with_method(Method::Get)
        .with_headers(headers)
        .with_redirect(RequestRedirect::Manual);
    Request::new_with_init(url, &init)
}

/// The length is counted, whatever a header says about it.
async fn body(response: &mut worker::Response, bytes_max: usize) -> Result<Vec<u8>, UpstreamError> {
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

//! Whether a page of another site may have sent a request.

use super::Handler;
use crate::{
    authenticate::Carried,
    config::Config,
    credential::Credential,
    http::Request,
    problem::{ApiError, Code},
};

/// Another site can make a browser send neither our Origin nor an `Authorization` header.
pub(super) fn check(
    config: &Config,
    request: &Request,
    handler: &Handler,
    carried: &Carried<'_>,
) -> Result<(), ApiError> {
    let is_ours = request.header("origin") == Some(config.origin.as_str());
    if is_ours || !request.method.is_unsafe() || !is_forgeable(handler, carried) {
        return Ok(());
    }
    let detail = "Unsafe methods need this deployment's own Origin, or a bearer credential.";
    Err(ApiError::new(Code::OriginRefused, detail))
}

/// Whether a page of another site could gain by making a browser send this: the browser adds our cookie by itself, and some routes need no credential. A route that needs one refuses a request without it anyway, and says why.
const fn is_forgeable(handler: &Handler, carried: &Carried<'_>) -> bool {
    match carried {
        Ok(Some(Credential::Session(_))) => !matches!(handler, Handler::Presenting(_)),
        Ok(Some(Credential::Bearer(_))) => false,
        Ok(None) | Err(_) => matches!(handler, Handler::Anonymous(_)),
    }
}

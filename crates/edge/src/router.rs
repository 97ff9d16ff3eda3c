//! From a request to its route, and from every outcome to an answer.
//!
//! What stands before every handler, in this order: one spelling of the path (404), the method (405), the body's cap (413), our Origin for an unsafe method whose credential is a cookie, or that needs none (403), exactly one valid credential unless the route is anonymous (400, 401), a query that the route takes (400), and an organization that path, headers and credential agree on (400, 403, 404).
//! A body that is larger than others may be comes in after the credential, and only where that was checked during the request.
//! Whether a route is anonymous is the handler's type: a signed-in handler cannot be called without a [`Caller`], and one that changes something not without a [`FreshCaller`].

mod origin;
mod paths;
mod route;

use lockstep_token::OrganizationId;

use self::paths::{Params, find};
pub use self::route::{Answer, Handler, Route};
use crate::{
    authenticate::{self, Caller, Carried, FreshCaller, Operator},
    config::Config,
    credential::{self, SESSION_COOKIE, SESSION_COOKIE_S},
    edge::{Edge, Later},
    freshness,
    http::{Request, Response},
    log,
    place::{Named, Place},
    problem::{ApiError, Code},
    provenance::Asked,
    user,
};

/// The parameter that names an organization.
const ORGANIZATION: &str = "org";
/// The parameter that names a workspace.
const WORKSPACE: &str = "workspace";

/// By which a client finds a request of theirs again. It is given back as it came (OpenID AuthZEN Authorization API 1.0).
const REQUEST_ID: &str = "x-request-id";
/// Longest id of a request that is given back, in characters.
const REQUEST_ID_CHARS_MAX: usize = 200;

/// What a handler is called with.
pub struct Call<'a> {
    /// The outside world.
    pub edge: &'a Edge,
    /// The request.
    pub request: &'a Request,
    may_come_again: bool,
    route: &'static Route,
    params: Params<'a>,
    place: Result<Place, ApiError>,
}

impl<'a> Call<'a> {
    /// Whether the request may be sent again, and is then to be answered as the first time.
    #[must_use]
    pub const fn may_come_again(&self) -> bool {
        self.may_come_again
    }

    /// For which organization the request is. Where the path does not say it, headers or the credential do.
    ///
    /// # Errors
    /// 400, 403 and 404, as [`Named::of`].
    pub fn place(&self) -> Result<&Place, ApiError> {
        self.place.as_ref().map_err(Clone::clone)
    }

    /// Where the path names an organization, headers and credential agree with it, whatever the handler asks.
    fn check_path(&self) -> Result<(), ApiError> {
        match self.param(ORGANIZATION) {
            Ok(_) => self.place().map(|_| ()),
            Err(_) => Ok(()),
        }
    }

    /// A parameter of the path.
    ///
    /// # Errors
    /// 404 when the pattern has no such parameter.
    pub fn param(&self, name: &str) -> Result<&'a str, ApiError> {
        find_param(&self.params, name).ok_or_else(ApiError::not_found)
    }

    /// What the query says of `name`, which is in it once at most.
    ///
    /// # Errors
    /// A fault, when the route's entry in the table has no such name.
    pub fn query(&self, name: &str) -> Result<Option<&'a str>, ApiError> {
        if !self.route.query.contains(&name) {
            let cause = format!("{} takes no `{name}` in its query", self.route.pattern);
            return Err(ApiError::internal(cause));
        }
        let mut all = self.request.query();
        Ok(all
            .find(|(known, _)| *known == name)
            .map(|(_, value)| value))
    }
}

fn find_param<'a>(params: &Params<'a>, name: &str) -> Option<&'a str> {
    let found = params.iter().find(|(key, _)| *key == name);
    found.map(|(_, value)| *value)
}

/// The pattern of a request's route.
#[cfg(test)]
pub(crate) fn pattern(request: &Request) -> Option<&'static str> {
    find(request).ok().map(|(route, _)| route.pattern)
}

/// Whether a request edits, so that what it believes to edit counts.
#[cfg(test)]
pub(crate) fn is_edit(request: &Request) -> bool {
    find(request).is_ok_and(|(route, _)| route.is_change())
}

/// Answers one request.
pub async fn handle(edge: &Edge, request: &Request) -> Response {
    let answer = dispatch(edge, request).await;
    let response = finish(&edge.config, answer);
    match request.header(REQUEST_ID).filter(|id| is_request_id(id)) {
        Some(id) => response.with_header(REQUEST_ID, id),
        None => response,
    }
}

/// The answer of a deployment whose configuration is wrong, whatever is asked.
#[must_use]
pub fn misconfigured() -> Response {
    with_common_headers(misconfiguration().into_response())
}

/// What is told of a wrong configuration.
#[must_use]
pub fn misconfiguration() -> ApiError {
    ApiError::new(
        Code::Misconfigured,
        "The operator finds the reason in the log.",
    )
}

async fn dispatch(edge: &Edge, request: &Request) -> Answer {
    edge.look_at_clock();
    let arrived = Arrived::read(edge, request)?;
    request.require_arrival()?;
    let carried = credential::read(request);
    origin::check(&edge.config, request, &arrived.route.handler, &carried)?;
    if let Handler::Operator(handler) = arrived.route.handler {
        return by_operator(edge, request, arrived, handler).await;
    }
    let caller = identify(edge, request, carried, &arrived).await?;
    arrived.route.require_query(request)?;
    if let (Some(Known::Now(caller)), true) = (&caller, request.is_unread()) {
        // The file of an import, the only body that waits: it does for who may send it as well.
        crate::routes::require_importer(edge, caller)?;
        request.receive(caller).await?;
    }
    let Some(Known::Before(known)) = &caller else {
        return arrived.answer(edge, request, caller).await;
    };
    let is_remembered = known.is_remembered();
    let rotated = authenticate::rotated_session(edge, known).await;
    let answer = match arrived.answer(edge, request, caller).await {
        // An object tells nothing sensitive to whom this isolate only remembers.
        Err(error) if is_remembered && error.code() == Code::Unauthenticated => {
            answer_checked(edge, request).await
        }
        answer => answer,
    };
    with_session(answer, rotated)
}

/// The answer of a route that changes nothing, once the credential was checked for it.
async fn answer_checked(edge: &Edge, request: &Request) -> Answer {
    let arrived = Arrived::read(edge, request)?;
    let carried = credential::read(request);
    let caller = authenticate::fresh_caller(edge, carried, arrived.organization()).await?;
    let caller = Known::Before(Caller::clone(&caller));
    arrived.answer(edge, request, Some(caller)).await
}

/// What a request says before it is known who sends it.
struct Arrived<'a> {
    route: &'static Route,
    params: Params<'a>,
    named: Result<Named, ApiError>,
}

impl<'a> Arrived<'a> {
    fn read(edge: &Edge, request: &'a Request) -> Result<Self, ApiError> {
        let (route, params) = find(request)?;
        let [organization, workspace] =
            [ORGANIZATION, WORKSPACE].map(|name| find_param(&params, name));
        Ok(Self {
            route,
            named: Named::read(edge, request, organization, workspace),
            params,
        })
    }

    /// The organization that the request names.
    fn organization(&self) -> Option<&OrganizationId> {
        self.named.as_ref().ok().and_then(Named::organization)
    }

    /// The answer to `caller`.
    async fn answer(self, edge: &Edge, request: &'a Request, caller: Option<Known>) -> Answer {
        let Self {
            route,
            params,
            named,
        } = self;
        let known = caller.as_ref().map(Known::caller);
        let issuer = known.and_then(|known| known.issuer.clone());
        let is_remembered = known.is_some_and(Caller::is_remembered);
        let caller = match caller {
            Some(known) if !matches!(route.handler, Handler::Asking(_)) => {
                Some(known.recognized(edge).await?)
            }
            other => other,
        };
        let edited = route.edited(request)?;
        let asked = Asked::new(edge, request, caller.as_ref().map(Known::caller), edited)?;
        let place = match (&caller, named) {
            (Some(known), Ok(named)) => place(&asked.edge, named, &params, known.caller()).await,
            (Some(_), Err(error)) => Err(error),
            (None, _) => Err(ApiError::not_found()),
        };
        let call = Call {
            edge: &asked.edge,
            request,
            may_come_again: asked.may_come_again,
            route,
            params,
            place,
        };
        let response = match (&route.handler, caller) {
            (Handler::Anonymous(handler) | Handler::Presenting(handler), _) => handler(call).await,
            (Handler::Fresh(handler), Some(Known::Now(caller))) => {
                call.check_path()?;
                handler(call, caller).await
            }
            (
                Handler::Asking(handler) | Handler::SignedIn(handler),
                Some(Known::Before(caller)),
            ) => match call.check_path() {
                Ok(()) => handler(call, caller).await,
                Err(error) => Err(error),
            },
            (
                Handler::Asking(_)
                | Handler::Fresh(_)
                | Handler::Operator(_)
                | Handler::SignedIn(_),
                _,
            ) => Err(user::refused()),
        };
        let response = response.map_err(|error| {
            // Then the credential is checked, and its issuer is asked about with it.
            if is_remembered && error.code() == Code::Unauthenticated {
                return error;
            }
            authenticate::disowned(edge, issuer.as_ref(), error)
        })?;
        Ok(asked.finish(response))
    }
}

/// The operator is nobody in the organization that the path names.
async fn by_operator<'a>(
    edge: &Edge,
    request: &'a Request,
    arrived: Arrived<'a>,
    handler: for<'h> fn(Call<'h>, Operator) -> Later<'h, Answer>,
) -> Answer {
    let operator = Operator::of(edge, request)?;
    arrived.route.require_query(request)?;
    let asked = Asked::by_operator(edge, request, arrived.route.edited(request)?);
    let call = Call {
        edge: &asked.edge,
        request,
        may_come_again: false,
        route: arrived.route,
        params: arrived.params,
        place: arrived.named?.by_operator(operator),
    };
    handler(call, operator).await
}

/// Where a request is. A path about a workspace and a header that names one by its name are compared here; where the body says the rest, by the handler.
async fn place(
    edge: &Edge,
    named: Named,
    params: &Params<'_>,
    caller: &Caller,
) -> Result<Place, ApiError> {
    let place = named.of(edge, caller)?;
    if find_param(params, WORKSPACE).is_some() {
        place.workspace(edge, caller, None).await?;
    }
    Ok(place)
}

/// Who calls, if the route wants to know.
async fn identify(
    edge: &Edge,
    request: &Request,
    carried: Carried<'_>,
    arrived: &Arrived<'_>,
) -> Result<Option<Known>, ApiError> {
    let organization = arrived.organization();
    Ok(match arrived.route.handler {
        Handler::Anonymous(_) | Handler::Operator(_) | Handler::Presenting(_) => None,
        Handler::Asking(_) | Handler::SignedIn(_) => {
            let at_least = freshness::at_least(request)?;
            let caller = authenticate::caller(edge, carried, organization, at_least).await?;
            Some(Known::Before(caller))
        }
        Handler::Fresh(_) => {
            // Nothing is remembered here, so every epoch is met; but what is none is one nowhere.
            freshness::at_least(request)?;
            let caller = authenticate::fresh_caller(edge, carried, organization).await?;
            Some(Known::Now(caller))
        }
    })
}

/// A caller whose credential was checked before or during this request.
enum Known {
    Before(Caller),
    Now(FreshCaller),
}

impl Known {
    async fn recognized(self, edge: &Edge) -> Result<Self, ApiError> {
        Ok(match self {
            Self::Before(caller) => Self::Before(caller.recognized(edge).await?),
            Self::Now(caller) => Self::Now(caller.recognized(edge).await?),
        })
    }

    fn caller(&self) -> &Caller {
        match self {
            Self::Before(caller) => caller,
            Self::Now(caller) => caller,
        }
    }
}

/// The answer with the session's new cookie. A refusal carries it, too.
fn with_session(answer: Answer, rotated: Option<String>) -> Answer {
    match rotated {
        Some(session) => Ok(settle(answer).with_cookie(SESSION_COOKIE, &session, SESSION_COOKIE_S)),
        None => answer,
    }
}

fn is_request_id(id: &str) -> bool {
    id.len() <= REQUEST_ID_CHARS_MAX && id.bytes().all(|byte| matches!(byte, b' '..=b'~'))
}

fn finish(config: &Config, answer: Answer) -> Response {
    let response = with_common_headers(settle(answer));
    if config.is_https {
        // Of this host alone: a product may lead a few paths of its own domain here, and hosts below are not ours.
        return response.with_header("strict-transport-security", "max-age=63072000");
    }
    response
}

/// What a handler answers or refuses with, as it is sent.
fn settle(answer: Answer) -> Response {
    answer.unwrap_or_else(|error| {
        if let Some(cause) = error.cause() {
            log::error(cause);
        }
        error.into_response()
    })
}

fn with_common_headers(mut response: Response) -> Response {
    if response.header("cache-control").is_none() {
        response = response.with_header("cache-control", "no-store");
    }
    response
        .with_header("x-content-type-options", "nosniff")
        .with_header("referrer-policy", "no-referrer")
        .with_header(
            "content-security-policy",
            "default-src 'none'; frame-ancestors 'none'",
        )
}

//! Signing in with a code by e-mail.

use lockstep_token::{
    Address, Secret, UserId,
    id::{address_name, opaque_id},
};
use serde::{Deserialize, Serialize};

use super::domains::join_by_sign_in;
use crate::{
    address::{self, AddressObject, Asked, Taken},
    clients::counted,
    credential::{SESSION_COOKIE, SESSION_COOKIE_S},
    edge::Edge,
    http::{Method, Request, Response},
    json,
    keys::{Keys, Purpose, hex},
    objects::ask,
    problem::{ApiError, Code},
    router::{Answer, Call, Handler, Route},
    user::{self, UserObject},
};

/// The cookie that binds a code to the browser that asked for it.
const SIGN_IN_COOKIE: &str = "__Host-lockstep_sign_in";
/// How long that cookie lives, in seconds; a code lives ten minutes.
const SIGN_IN_COOKIE_S: u32 = 3_600;
/// The cookie of a browser in which somebody has proven an address. It is worth nothing but that others cannot use up the codes of this address for it.
const PROVEN_COOKIE: &str = "__Host-lockstep_proven";
/// How long that cookie lives, in seconds: 400 days, the longest that browsers keep one.
const PROVEN_COOKIE_S: u32 = 34_560_000;

pub(super) const ROUTES: &[Route] = &[
    Route {
        method: Method::Post,
        pattern: "/v1/sign-in/codes",
        query: &[],
        handler: Handler::Anonymous(|call| Box::pin(ask_code(call))),
    },
    Route {
        method: Method::Post,
        pattern: "/v1/sign-in/sessions",
        query: &[],
        handler: Handler::Anonymous(|call| Box::pin(open_session(call))),
    },
];

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct AskCodeRequest {
    email: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct OpenSessionRequest {
    email: String,
    code: String,
}

#[derive(Serialize)]
struct SessionView<'a> {
    user: UserView<'a>,
}

#[derive(Serialize)]
struct UserView<'a> {
    id: &'a str,
    email: &'a str,
}

async fn ask_code(call: Call<'_>) -> Answer {
    let Call { edge, request, .. } = call;
    let body: AskCodeRequest = json::body(request)?;
    let address = parse_address(&body.email)?;
    if !edge.config.mail.has_mail() {
        let detail = "This deployment sends no mail; sign in through its identity provider.";
        return Err(ApiError::new(Code::Unavailable, detail));
    }
    let client = limit_client(edge, request, "codes").await?;
    let keys = &edge.config.keys;
    let name = address_name(&keys.id, &address);
    let browser = match Browser::of(keys, request, &name, Says::SIGN_IN) {
        Some(browser) => browser,
        None => Browser::fresh(edge, &name, Says::SIGN_IN)?,
    };
    // Who has proven the address here is a client of their own, whatever network they share.
    let proven = Browser::of(keys, request, &name, Says::PROVEN);
    let counted = proven
        .as_ref()
        .map_or(client, |proven| proven.cookie.clone());
    let command = address::Command::AskCode {
        address: address.as_str().to_owned(),
        browser: browser.hash(keys),
        client: keys.derive_hex(Purpose::Client, &[&counted]),
        has_proven: proven.is_some(),
    };
    let asked: Asked = ask::<AddressObject, _>(&*edge.objects, &name, &command).await?;
    Ok(Response::json(202, &asked)?.with_cookie(SIGN_IN_COOKIE, &browser.cookie, SIGN_IN_COOKIE_S))
}

async fn open_session(call: Call<'_>) -> Answer {
    let (edge, request) = (call.edge, call.request);
    let body: OpenSessionRequest = json::body(request)?;
    let address = parse_address(&body.email)?;
    limit_client(edge, request, "sessions").await?;
    let keys = &edge.config.keys;
    let name = address_name(&keys.id, &address);
    // A browser that asked for no code for this address is refused here, known address or not.
    let browser = Browser::of(keys, request, &name, Says::SIGN_IN).ok_or_else(code_refused)?;
    let command = address::Command::TakeCode {
        browser: browser.hash(keys),
        code: normal_code(&body.code).ok_or_else(code_refused)?,
        fresh_user: UserId::mint(&keys.id, edge.random.bytes()?)
            .as_str()
            .to_owned(),
    };
    let taken = ask::<AddressObject, Taken>(&*edge.objects, &name, &command).await;
    let user = match taken {
        Ok(Taken::Proven { user }) => UserId::parse(&keys.id, &user)
            .map_err(|error| ApiError::internal(format!("owner of an address: {error}")))?,
        Ok(Taken::Refused) => return Err(code_refused()),
        Err(error) if error.code() == Code::NotFound => return Err(code_refused()),
        Err(error) => return Err(error),
    };
    let session = Secret::session(&user, edge.random.bytes()?);
    let command = user::Command::OpenSession {
        address: address.as_str().to_owned(),
        id: opaque_id("ses", edge.random.bytes()?),
        hash: session.hash().to_hex(),
    };
    ask::<UserObject, ()>(&*edge.objects, user.as_str(), &command).await?;
    join_by_sign_in(&call, &address, &session).await;
    let proven = match Browser::of(keys, request, &name, Says::PROVEN) {
        Some(proven) => proven,
        None => Browser::fresh(edge, &name, Says::PROVEN)?,
    };
    let view = SessionView {
        user: UserView {
            id: user.as_str(),
            email: address.as_str(),
        },
    };
    Ok(Response::json(201, &view)?
        .with_cookie(SESSION_COOKIE, session.reveal(), SESSION_COOKIE_S)
        .with_cookie(PROVEN_COOKIE, &proven.cookie, PROVEN_COOKIE_S)
        .with_cookie(SIGN_IN_COOKIE, "", 0))
}

/// A cookie that says something of a browser and an address, and what its check is for.
#[derive(Clone, Copy)]
struct Says {
    name: &'static str,
    check: Purpose,
}

impl Says {
    /// That it asked for a code.
    const SIGN_IN: Self = Self {
        name: SIGN_IN_COOKIE,
        check: Purpose::SignInCookie,
    };
    /// That somebody has proven the address in it.
    const PROVEN: Self = Self {
        name: PROVEN_COOKIE,
        check: Purpose::ProvenCookie,
    };
}

/// A browser that a cookie knows: a random part, and a check that it is about this very address, which it does not name.
struct Browser {
    cookie: String,
}

impl Browser {
    fn fresh(edge: &Edge, address_name: &str, says: Says) -> Result<Self, ApiError> {
        let random = hex(&edge.random.bytes::<32>()?);
        let keys = &edge.config.keys;
        let check = keys.derive_hex(says.check, &[&random, address_name]);
        Ok(Self {
            cookie: format!("{random}.{check}"),
        })
    }

    /// The browser of a request, if its cookie is about this address.
    fn of(keys: &Keys, request: &Request, address_name: &str, says: Says) -> Option<Self> {
        let cookie = request.cookies(says.name).next()?;
        let (random, check) = cookie.split_once('.')?;
        let expected = keys.derive_hex(says.check, &[random, address_name]);
        let is_ours = random.len() == 64 && keys.is_equal(check, &expected);
        is_ours.then(|| Self {
            cookie: cookie.to_owned(),
        })
    }

    fn hash(&self, keys: &Keys) -> String {
        keys.derive_hex(Purpose::SignInBrowser, &[&self.cookie])
    }
}

fn parse_address(text: &str) -> Result<Address, ApiError> {
    Address::from_typed(text).map_err(|error| {
        ApiError::new(
            Code::InvalidAddress,
            format!("The address is not accepted: {error}."),
        )
    })
}

/// A typed code in its normal form: eight characters, upper case, with Crockford's look-alikes read as what they mean.
fn normal_code(typed: &str) -> Option<String> {
    let mut code = String::new();
    for c in typed.chars().filter(|c| !c.is_whitespace() && *c != '-') {
        code.push(match c.to_ascii_uppercase() {
            'O' => '0',
            'I' | 'L' => '1',
            c if c.is_ascii_alphanumeric() && c != 'U' => c,
            _ => return None,
        });
        if code.len() > 8 {
            return None;
        }
    }
    (code.len() == 8).then_some(code)
}

/// The limit per client, which stands before every object. Answers what the client is counted by.
async fn limit_client(edge: &Edge, request: &Request, action: &str) -> Result<String, ApiError> {
    let client = counted(request.header("cf-connecting-ip").unwrap_or("unknown"));
    if edge.clients.allow(action, &client).await {
        return Ok(client);
    }
    let detail = "Too many sign-in requests from your network. Wait a minute.";
    Err(ApiError::new(Code::TooManyRequests, detail).with_retry_after_s(60))
}

fn code_refused() -> ApiError {
    let detail = "The code is wrong, used, expired, or was asked for in another browser.";
    ApiError::new(Code::CodeRefused, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_may_be_typed_in_many_ways() {
        for typed in [
            "7K3M01Q9",
            "7k3m-01q9",
            " 7K3M O1Q9 ",
            "7k3moiq9",
            "7K3M-0lQ9",
        ] {
            assert_eq!(normal_code(typed).as_deref(), Some("7K3M01Q9"), "{typed}");
        }
        for typed in [
            "",
            "7K3M01Q",
            "7K3M01Q99",
            "7K3M01QU",
            "7K3M01Q\u{e9}",
            "7K3M_1Q9",
        ] {
            assert_eq!(normal_code(typed), None, "{typed}");
        }
    }
}

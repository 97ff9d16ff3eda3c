//! What the routes about who is to come in need of a token.

use serde_json::{Value, json};

use super::{GATEWAY, Needs};
use crate::http::Method;

/// What it takes to let somebody come in as a gateway.
const INVITE: &[&str] = &["invitation.create", GATEWAY[0], GATEWAY[1]];

pub(super) fn joining(method: Method, rest: &str) -> Option<(Needs, Value)> {
    use Needs::{All, Whole};
    let none = json!({});
    let invitation = json!({ "email": "new@example.com", "role": "gateway" });
    Some(match (method, rest) {
        (Method::Get, "invitations") => (All(&["invitation.read"]), none),
        (Method::Post, "invitations") => (All(INVITE), invitation),
        (Method::Post, "invitations/batch") => {
            (All(INVITE), json!({ "invitations": [invitation] }))
        }
        (Method::Post, "invitations/resend") => {
            (All(INVITE), json!({ "invitations": ["{invitation}"] }))
        }
        (Method::Post, "invitations/{invitation}/resend") => {
            (All(INVITE), json!({ "message": "Still?" }))
        }
        (Method::Delete, "invitations/{invitation}") => (All(&["invitation.cancel"]), none),
        (Method::Post, "invitations/{invitation}/accept" | "invitations/{invitation}/decline") => {
            (Whole, none)
        }
        (Method::Post, "join") => (Whole, none),
        (Method::Get, "links") => (All(&["invitation.read"]), none),
        (Method::Post, "links") => (All(INVITE), json!({ "role": "gateway", "uses_max": 1 })),
        (Method::Delete, "links/{link}") => (All(&["invitation.cancel"]), none),
        _ => return None,
    })
}

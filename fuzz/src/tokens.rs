//! One issuer with a symmetric key, which this crate computes itself, so that a target can sign.

use std::pin::pin;
use std::sync::LazyLock;
use std::task::{Context, Poll, Waker};

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use lockstep_token::verify::{Question, Verifier, VerifierError};
use lockstep_token::{Issuers, Token};
use sha2::Sha256;

/// The moment of every run, in seconds since 1970.
pub const NOW_S: i64 = 1_800_000_000;
/// The issuer.
pub const ISSUER: &str = "https://login.example";
/// Its audience.
pub const AUDIENCE: &str = "lockstep";

const SECRET: &[u8] = b"a secret of thirty-two bytes or more";
const HEADER: &str = r#"{"alg":"HS256","kid":"k1"}"#;

/// The deployment's issuers: the one that signs here, and one with a public key.
pub static ISSUERS: LazyLock<Issuers> = LazyLock::new(|| {
    let records = format!(
        r#"[{{"issuer":"{ISSUER}","audiences":["{AUDIENCE}"],"algorithms":["HS256"],
            "keys":{{"keys":[{{"kty":"oct","kid":"k1","k":"{}"}}]}}}},
           {{"issuer":"https://other.example","audiences":["{AUDIENCE}"],"algorithms":["EdDSA"],
            "keys":{{"keys":[{ED25519}]}}}}]"#,
        URL_SAFE_NO_PAD.encode(SECRET)
    );
    Issuers::parse(&records).expect("the records are good")
});

/// RFC 8037 appendix A.2.
const ED25519: &str =
    r#"{"kty":"OKP","crv":"Ed25519","kid":"k1","x":"11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"}"#;
/// RFC 7515 appendix A.3.1.
const P256: &str = r#"{"kty":"EC","crv":"P-256","x":"f83OJ3D2xF1Bg8vub9tLe1gHMzV76e8Tus9uPHvRVEU","y":"x_FEzRu9m36HLN_tue659LNpXW6pCyStikYjKIWI5a0"}"#;

/// No public key of ours signs anything.
struct Nobody;

impl Verifier for Nobody {
    async fn verify(&self, _: Question<'_>) -> Result<bool, VerifierError> {
        Ok(false)
    }
}

/// The subject of a token that is accepted at `now_s`.
pub fn subject(text: &str, now_s: i64) -> Option<String> {
    let token = Token::parse(text).ok()?;
    let request = token.select(ISSUERS.records()).ok()?;
    let mut verification = pin!(request.verify(&Nobody));
    let mut context = Context::from_waker(Waker::noop());
    let Poll::Ready(verified) = verification.as_mut().poll(&mut context) else {
        panic!("nothing here waits");
    };
    let claims = verified.ok()?.claims(now_s).ok()?;
    Some(claims.subject().to_owned())
}

/// The signature segment of a message.
pub fn signature(message: &str) -> String {
    let mut mac = Hmac::<Sha256>::new_from_slice(SECRET).expect("any length is a key");
    mac.update(message.as_bytes());
    URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes())
}

/// A token with these claims.
pub fn signed(claims: &[u8]) -> String {
    let message = format!(
        "{}.{}",
        URL_SAFE_NO_PAD.encode(HEADER),
        URL_SAFE_NO_PAD.encode(claims)
    );
    format!("{message}.{}", signature(&message))
}

/// The segment decoded and encoded again.
pub fn respelled(segment: &str) -> Option<String> {
    let bytes = URL_SAFE_NO_PAD.decode(segment).ok()?;
    Some(URL_SAFE_NO_PAD.encode(bytes))
}

/// Claims to start from.
pub fn claims_seeds() -> Vec<Vec<u8>> {
    let times = format!(r#""iat":{NOW_S},"exp":{}"#, NOW_S + 300);
    let members = format!(r#""iss":"{ISSUER}","sub":"ann",{times}"#);
    [
        format!(r#"{{{members},"aud":"{AUDIENCE}"}}"#),
        format!(r#"{{{members},"aud":["x","{AUDIENCE}"],"nbf":{NOW_S},"jti":"1"}}"#),
        format!(r#"{{{members},"aud":"{AUDIENCE}","roles":["admin"],"x":{{"y":[1.5,null]}}}}"#),
    ]
    .map(String::into_bytes)
    .into()
}

/// Tokens to start from.
pub fn seeds() -> Vec<Vec<u8>> {
    let claims = claims_seeds();
    claims
        .iter()
        .map(|claims| signed(claims).into_bytes())
        .collect()
}

/// Key sets to start from.
pub fn key_set_seeds() -> Vec<Vec<u8>> {
    let secret = URL_SAFE_NO_PAD.encode(SECRET);
    let symmetric = format!(r#"{{"kty":"oct","kid":"k1","alg":"HS256","k":"{secret}"}}"#);
    let used = P256.replace('}', r#","use":"sig","key_ops":["verify"],"alg":"ES256"}"#);
    [
        ED25519.to_owned(),
        P256.to_owned(),
        symmetric,
        format!("{ED25519},{used}"),
    ]
    .map(|keys| format!(r#"{{"keys":[{keys}]}}"#).into_bytes())
    .into()
}

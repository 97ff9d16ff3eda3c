//! What has to be accepted is.

use lockstep_token::native::{Native, ready};
use lockstep_token::verify::{Question, Verifier, VerifierError};
use lockstep_token::{Algorithm, Token, TokenError};

use crate::world::{NOW_S, World};

#[test]
fn every_algorithm_signs_and_verifies() {
    for algorithm in Algorithm::ALL {
        let world = World::new(algorithm);
        assert_eq!(
            world.subject(&world.good_token()).as_deref(),
            Ok("ann"),
            "{}",
            algorithm.name()
        );
    }
}

#[test]
fn claims_are_given_back_as_they_were_sent() {
    let world = World::new(Algorithm::EdDsa);
    let claims = format!(
        r#"{{"iss":"https://EdDSA.example","sub":"ann","aud":["other","lockstep"],"exp":{},
            "iat":{NOW_S},"nbf":{NOW_S},"jti":"t1","email":"ann@example.com","groups":["a","b"]}}"#,
        NOW_S + 60,
    );
    let text = world.token(r#"{"alg":"EdDSA","kid":"k1","typ":"at+jwt"}"#, &claims);
    let token = Token::parse(&text).unwrap();
    assert_eq!(token.unverified_issuer(), Some("https://EdDSA.example"));
    let request = token.select(world.issuers.records()).unwrap();
    let verified = ready(request.verify(&Native)).unwrap().unwrap();
    let claims = verified.claims(NOW_S).unwrap();
    assert_eq!(claims.issuer(), "https://EdDSA.example");
    assert_eq!(claims.audiences(), ["other", "lockstep"]);
    assert_eq!(
        (claims.expires_at_s(), claims.issued_at_s()),
        (NOW_S + 60, Some(NOW_S))
    );
    assert_eq!(claims.token_id(), Some("t1"));
    assert_eq!(claims.members().text("email"), Some("ann@example.com"));
    assert_eq!(claims.record().leeway_s(), 30);
}

/// Tells what it was asked about, as a log would.
struct Telling;

impl Verifier for Telling {
    async fn verify(&self, question: Question<'_>) -> Result<bool, VerifierError> {
        let reason = format!("{question:?}");
        Err(VerifierError { reason })
    }
}

#[test]
fn a_question_shown_is_no_token() {
    let world = World::new(Algorithm::EdDsa);
    let text = world.good_token();
    let token = Token::parse(&text).unwrap();
    let request = token.select(world.issuers.records()).unwrap();
    let refused = ready(request.verify(&Telling)).unwrap().map(|_| ());
    let reason = r#"Question(Key(EdDSA, Some("k1")))"#.to_owned();
    assert_eq!(refused, Err(TokenError::Verifier { reason }));
}

#[test]
fn a_token_without_kid_or_typ_finds_the_only_key() {
    let world = World::new(Algorithm::Es256);
    let text = world.token(r#"{"alg":"ES256"}"#, &world.claims());
    assert_eq!(world.subject(&text).as_deref(), Ok("ann"));
}

/// Members that carry or locate a key are not read, so they do not harm either (J3, J4).
#[test]
fn a_good_token_may_name_its_certificate() {
    let world = World::new(Algorithm::EdDsa);
    let header =
        r#"{"alg":"EdDSA","kid":"k1","x5t":"AA","x5c":["AA"],"jku":"http://127.0.0.1:1/"}"#;
    assert_eq!(
        world
            .subject(&world.token(header, &world.claims()))
            .as_deref(),
        Ok("ann")
    );
}

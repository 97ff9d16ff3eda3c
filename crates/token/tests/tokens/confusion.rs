//! J2, J3: every algorithm against every kind of key, and keys that come with the token.

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use lockstep_token::jwk::KeySet;
use lockstep_token::jws::Jws;
use lockstep_token::native::{Native, ready};
use lockstep_token::{Algorithm, TokenError};
use rsa::pkcs1::EncodeRsaPublicKey;
use rsa::pkcs8::{EncodePublicKey, LineEnding};

use crate::keys::{TestKey, hmac, message};
use crate::world::World;

/// One algorithm of each kind of key, and one more that shares the key of the first.
const KINDS: [Algorithm; 6] = [
    Algorithm::Rs256,
    Algorithm::Ps256,
    Algorithm::Es256,
    Algorithm::Es384,
    Algorithm::EdDsa,
    Algorithm::Hs256,
];

#[test]
fn j2_only_the_diagonal_verifies() {
    let mut tokens = Vec::new();
    for claimed in Algorithm::ALL {
        for signer in KINDS {
            for kid in ["", r#","kid":"k1""#] {
                let header = format!(r#"{{"alg":"{}"{kid}}}"#, claimed.name());
                let message = message(&header, "{}");
                let signature = TestKey::new(signer, 7).sign(signer, message.as_bytes());
                let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(signature));
                tokens.push((claimed, signer, text));
            }
        }
    }
    let mut verified = 0;
    for own in KINDS {
        let key = TestKey::new(own, 7);
        // A key with and without `alg` in its JWK.
        for members in [format!(r#","alg":"{}""#, own.name()), String::new()] {
            let jwk = key.jwk(&format!(r#""kid":"k1"{members}"#));
            let set = format!(r#"{{"keys":[{jwk}]}}"#);
            let keys = KeySet::parse(set.as_bytes(), &[own]).unwrap();
            for (claimed, signer, text) in &tokens {
                let accepted = verifies(&keys, text);
                let expected = *claimed == own && *signer == own;
                assert_eq!(accepted, expected, "{own:?} {claimed:?} {signer:?}");
                verified += usize::from(accepted);
            }
        }
    }
    assert_eq!(verified, 4 * KINDS.len());
}

#[test]
fn j2_a_public_key_is_no_hmac_secret() {
    for own in [
        Algorithm::Rs256,
        Algorithm::Ps256,
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
    ] {
        let key = TestKey::new(own, 7);
        for jwk in [key.jwk(&format!(r#""alg":"{}""#, own.name())), key.jwk("")] {
            // Even a record for symmetric algorithms does not take a public key as a secret.
            let set = format!(r#"{{"keys":[{jwk}]}}"#);
            assert!(KeySet::parse(set.as_bytes(), &[Algorithm::Hs256]).is_err());
            let keys = KeySet::parse(set.as_bytes(), &[own]).unwrap();
            for secret in public_spellings(&key, &jwk) {
                for claimed in [Algorithm::Hs256, Algorithm::Hs384, Algorithm::Hs512] {
                    let message = message(&format!(r#"{{"alg":"{}"}}"#, claimed.name()), "{}");
                    let mac = hmac(claimed, &secret, message.as_bytes());
                    let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(mac));
                    assert!(!verifies(&keys, &text), "{own:?} {claimed:?}");
                }
            }
        }
    }
}

#[test]
fn j3_keys_in_the_token_are_not_read() {
    let world = World::new(Algorithm::EdDsa);
    let thief = TestKey::new(Algorithm::EdDsa, 9);
    let jwk = thief.jwk(r#""kid":"k1""#);
    for member in [
        format!(r#""jwk":{jwk}"#),
        r#""x5c":["MIIB"]"#.to_owned(),
        r#""jku":"https://thief.example/jwks.json""#.to_owned(),
        r#""x5u":"https://thief.example/cert.pem""#.to_owned(),
    ] {
        for kid in [r#","kid":"k1""#, ""] {
            let header = format!(r#"{{"alg":"EdDSA",{member}{kid}}}"#);
            let text = thief.token(Algorithm::EdDsa, &header, &world.claims());
            assert_eq!(world.subject(&text), Err(TokenError::Signature), "{header}");
        }
    }
}

/// J13: r = s = 0 and its relatives.
#[test]
fn j13_signatures_of_nothing_are_refused() {
    for algorithm in [
        Algorithm::Es256,
        Algorithm::Es384,
        Algorithm::EdDsa,
        Algorithm::Rs256,
        Algorithm::Hs256,
    ] {
        let world = World::new(algorithm);
        let text = world.good_token();
        let (message, signature) = text.rsplit_once('.').unwrap();
        let good = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let half = good.len() / 2;
        let mut forged = vec![
            vec![0; good.len()],
            vec![0xFF; good.len()],
            vec![1; good.len()],
            vec![],
            vec![0],
        ];
        forged.push([&vec![0; half][..], &good[half..]].concat());
        forged.push([&good[..half], &vec![0; half]].concat());
        forged.push([&good[half..], &good[..half]].concat());
        forged.push([&good[..], &[0]].concat());
        forged.push([&[0], &good[..]].concat());
        forged.push(good[1..].to_vec());
        forged.push(good[..good.len() - 1].to_vec());
        let found =
            |forged: &[u8]| world.subject(&format!("{message}.{}", URL_SAFE_NO_PAD.encode(forged)));
        for forged in &forged {
            assert!(found(forged).is_err(), "{} {forged:?}", algorithm.name());
        }
        // No primitive even sees them, so none has to be trusted with this.
        let is_ecdsa = matches!(algorithm, Algorithm::Es256 | Algorithm::Es384);
        let halves = [
            vec![0; good.len()],
            [&vec![0; half][..], &good[half..]].concat(),
            [&good[..half], &vec![0; half]].concat(),
        ];
        for zero in halves.iter().filter(|_| is_ecdsa) {
            assert_eq!(found(zero), Err(TokenError::SignatureForm));
        }
    }
}

/// One signature has one spelling: s + n is the same number modulo n.
#[test]
fn j12_an_rsa_signature_is_below_its_modulus() {
    let world = World::new(Algorithm::Rs256);
    let TestKey::Rsa(key) = &world.key else {
        panic!("no RSA key")
    };
    let n = rsa::traits::PublicKeyParts::n(&**key);
    // Of some tokens the sum has a byte more than the modulus; of most it has not.
    let moved = (0..64).find_map(|at| {
        let text = world.token(
            &world.header(),
            &world.claims_with("jti", &format!("\"{at}\"")),
        );
        let (message, signature) = text.rsplit_once('.').unwrap();
        let number = rsa::BigUint::from_bytes_be(&URL_SAFE_NO_PAD.decode(signature).unwrap());
        let moved = (number + n).to_bytes_be();
        let text = format!("{message}.{}", URL_SAFE_NO_PAD.encode(&moved));
        (moved.len() == n.to_bytes_be().len()).then_some(text)
    });
    assert_eq!(
        world.subject(&moved.unwrap()),
        Err(TokenError::SignatureForm)
    );
}

fn verifies(keys: &KeySet, text: &str) -> bool {
    let jws = Jws::parse(text).unwrap();
    keys.select(&jws)
        .is_ok_and(|check| ready(check.verify(&Native)).unwrap().is_ok())
}

/// What a confused verifier might take the public key's bytes to be.
fn public_spellings(key: &TestKey, jwk: &str) -> Vec<Vec<u8>> {
    let mut spellings = vec![jwk.as_bytes().to_vec()];
    let (der, numbers) = match key {
        TestKey::Rsa(key) => {
            let public = key.to_public_key();
            spellings.push(public.to_pkcs1_der().unwrap().as_bytes().to_vec());
            let pem = public.to_public_key_pem(LineEnding::LF).unwrap();
            spellings.push(pem.trim_end().as_bytes().to_vec());
            spellings.push(pem.into_bytes());
            let n = rsa::traits::PublicKeyParts::n(&public).to_bytes_be();
            (public.to_public_key_der().unwrap().as_bytes().to_vec(), n)
        }
        TestKey::P256(key) => {
            let point = key.verifying_key().to_encoded_point(false);
            (
                key.verifying_key()
                    .to_public_key_der()
                    .unwrap()
                    .as_bytes()
                    .to_vec(),
                point.as_bytes().to_vec(),
            )
        }
        TestKey::P384(key) => {
            let point = key.verifying_key().to_encoded_point(false);
            (
                key.verifying_key()
                    .to_public_key_der()
                    .unwrap()
                    .as_bytes()
                    .to_vec(),
                point.as_bytes().to_vec(),
            )
        }
        TestKey::Ed(key) => {
            let bytes = key.verifying_key().as_bytes().to_vec();
            // RFC 8410 section 4: the algorithm's id, then the key as a bit string.
            let before = [0x30, 0x2A, 0x30, 5, 6, 3, 0x2B, 0x65, 0x70, 3, 0x21, 0];
            ([&before[..], &bytes].concat(), bytes)
        }
        TestKey::Symmetric(_) => panic!("a secret is not public"),
    };
    spellings.push(STANDARD.encode(&der).into_bytes());
    spellings.push(
        format!(
            "-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n",
            STANDARD.encode(&der)
        )
        .into_bytes(),
    );
    spellings.extend([der, numbers, Vec::new(), vec![0; 32]]);
    spellings
}

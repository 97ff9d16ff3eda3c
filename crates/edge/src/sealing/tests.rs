use proptest::prelude::*;

use super::*;

const ID_KEY: &str = "AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8";

/// Randomness that a test chooses.
struct Fixed(u8);

impl Random for Fixed {
    fn fill(&self, bytes: &mut [u8]) -> Result<(), ApiError> {
        bytes.fill(self.0);
        Ok(())
    }
}

fn jwk(kid: &str, byte: u8) -> String {
    let k = URL_SAFE_NO_PAD.encode([byte; KEY_BYTES]);
    format!(r#"{{"kty":"oct","kid":"{kid}","k":"{k}"}}"#)
}

fn keys(keys: &[(&str, u8)]) -> SettingsKeys {
    let keys: Vec<String> = keys.iter().map(|(kid, byte)| jwk(kid, *byte)).collect();
    SettingsKeys::parse(&format!(r#"{{"keys":[{}]}}"#, keys.join(",")), ID_KEY).unwrap()
}

const fn of<'a>(organization: &'a str, place: &'a str, name: &'a str) -> SealedFor<'a> {
    SealedFor {
        organization,
        place,
        name,
    }
}

#[test]
fn what_was_sealed_opens_again_and_shows_nothing() {
    let keys = keys(&[("k1", 1)]);
    let main = of("org_1", "wsp_1", "main");
    let sealed = keys.seal(&Fixed(7), main, &"hunter2".into()).unwrap();
    assert!(sealed.as_str().starts_with("1.k1."));
    assert_eq!(keys.open(main, &sealed).unwrap(), "hunter2");
    assert_ne!(
        sealed,
        keys.seal(&Fixed(8), main, &"hunter2".into()).unwrap()
    );
    for shown in [
        format!("{:?}", SecretText::from("hunter2")),
        format!("{keys:?}"),
        format!("{sealed:?}"),
    ] {
        assert!(
            !shown.contains("hunter2") && !shown.contains("AQEBAQ"),
            "{shown}"
        );
    }
}

#[test]
fn new_secrets_take_the_newest_key_and_old_ones_open_while_theirs_is_there() {
    let main = of("org_1", "org_1", "main");
    let (first, both, second) = (
        keys(&[("k1", 1)]),
        keys(&[("k2", 2), ("k1", 1)]),
        keys(&[("k2", 2)]),
    );
    let old = first.seal(&Fixed(7), main, &"hunter2".into()).unwrap();
    assert_eq!(both.open(main, &old).unwrap(), "hunter2");
    let error = second.open(main, &old).unwrap_err();
    assert_eq!(error.code(), Code::SecretUnreadable);
    assert!(error.cause().unwrap().contains("`k1`"));
    let new = both.reseal(&Fixed(9), main, &old).unwrap();
    assert_eq!(new.kid(), Some("k2"));
    assert_eq!(second.open(main, &new).unwrap(), "hunter2");
    // The same name for another key is another key.
    assert!(keys(&[("k2", 1)]).open(main, &new).is_err());
}

#[test]
fn what_is_no_key_set_is_refused_and_not_repeated() {
    let short = URL_SAFE_NO_PAD.encode([1; KEY_BYTES - 1]);
    for bad in [
        String::new(),
        "[]".to_owned(),
        "{}".to_owned(),
        r#"{"keys":[]}"#.to_owned(),
        r#"{"keys":[1]}"#.to_owned(),
        format!(r#"{{"keys":[{}]}}"#, vec![jwk("k", 1); 2].join(",")),
        format!(r#"{{"keys":[{}]}}"#, jwk("k.1", 1)),
        format!(r#"{{"keys":[{}]}}"#, jwk("", 1)),
        format!(r#"{{"keys":[{}]}}"#, jwk("k1", 1).replace("oct", "RSA")),
        format!(r#"{{"keys":[{{"kty":"oct","kid":"k1","k":"{short}"}}]}}"#),
        format!(r#"{{"keys":[{{"kty":"oct","kid":"k1","k":"{ID_KEY}"}}]}}"#),
        format!(r#"{{"keys":[{}],"keys":[]}}"#, jwk("k1", 1)),
        format!(
            r#"{{"keys":[{}]}}"#,
            (0..9_u8)
                .map(|n| jwk(&format!("k{n}"), n))
                .collect::<Vec<_>>()
                .join(",")
        ),
    ] {
        let error = SettingsKeys::parse(&bad, ID_KEY).unwrap_err();
        assert!(
            !error.contains(&short) && !error.contains("AQEBAQ"),
            "{error}"
        );
    }
}

proptest! {
    /// A row that stands elsewhere does not open: not for another organization, place or name, however they are cut.
    #[test]
    fn a_secret_opens_only_as_what_it_was_sealed_for(
        one in ("[a-z_]{0,6}", "[a-z_]{0,6}", "[a-z_]{0,6}"),
        other in ("[a-z_]{0,6}", "[a-z_]{0,6}", "[a-z_]{0,6}"),
        secret in ".{0,40}",
        nonce: u8,
    ) {
        let keys = keys(&[("k1", 1), ("k2", 2)]);
        let here = of(&one.0, &one.1, &one.2);
        let sealed = keys.seal(&Fixed(nonce), here, &secret.as_str().into()).unwrap();
        prop_assert_eq!(keys.open(here, &sealed).unwrap(), secret);
        let there = of(&other.0, &other.1, &other.2);
        prop_assert_eq!(keys.open(there, &sealed).is_ok(), one == other);
        for (organization, place, name) in [
            (&one.1, &one.0, &one.2),
            (&one.0, &one.2, &one.1),
            (&other.0, &one.1, &one.2),
            (&one.0, &other.1, &one.2),
            (&one.0, &one.1, &other.2),
        ] {
            let is_same = (organization, place, name) == (&one.0, &one.1, &one.2);
            prop_assert_eq!(keys.open(of(organization, place, name), &sealed).is_ok(), is_same);
        }
    }

    /// Whatever is changed of it, it does not open: the tag, the nonce, the key's name, the text itself.
    #[test]
    fn a_secret_that_was_changed_does_not_open(secret in ".{0,40}", at: prop::sample::Index, bit in 0..8_u8) {
        let keys = keys(&[("k1", 1), ("k2", 2), ("k3", 3)]);
        let main = of("org_1", "org_1", "main");
        let sealed = keys.seal(&Fixed(7), main, &secret.as_str().into()).unwrap();
        let (kid, encoded) = sealed.parts().unwrap();
        let mut bytes = URL_SAFE_NO_PAD.decode(encoded).unwrap();
        let at = at.index(bytes.len());
        bytes[at] ^= 1 << bit;
        let flipped = Sealed(format!("{VERSION}.{kid}.{}", URL_SAFE_NO_PAD.encode(&bytes)));
        prop_assert!(keys.open(main, &flipped).is_err());
        let cut = Sealed(format!("{VERSION}.{kid}.{}", URL_SAFE_NO_PAD.encode(&bytes[..at])));
        prop_assert!(keys.open(main, &cut).is_err());
        for other in ["k2", "k3", "k4", ""] {
            let renamed = Sealed(format!("{VERSION}.{other}.{encoded}"));
            prop_assert!(keys.open(main, &renamed).is_err());
        }
        let other = Sealed(format!("2.{kid}.{encoded}"));
        prop_assert!(keys.open(main, &other).is_err());
    }

    #[test]
    fn any_text_at_all_is_refused_and_never_a_panic(text in ".{0,80}") {
        prop_assert!(keys(&[("k1", 1)]).open(of("org_1", "org_1", "main"), &Sealed(text)).is_err());
    }
}

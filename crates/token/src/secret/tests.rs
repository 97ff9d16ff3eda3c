use super::*;

fn key() -> IdKey {
    IdKey::from_base64url("MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE").unwrap()
}

/// Prefixes as policies have them.
fn all_prefixes() -> [Prefixes; 3] {
    [
        Prefixes::default(),
        Prefixes::new(Some("lsv2_pt"), Some("lsv2_sk")).unwrap(),
        Prefixes::new(Some("sk-ol-"), None).unwrap(),
    ]
}

fn one_of_each_under(prefixes: &Prefixes) -> [Secret; 4] {
    let user = UserId::mint(&key(), [1; 16]);
    let organization = OrganizationId::mint(&key(), [2; 16]);
    [
        Secret::personal_access_token(prefixes, &user, [3; 32]),
        Secret::session(&user, [3; 32]),
        Secret::invitation(&organization, [3; 32]),
        Secret::service_key(prefixes, &organization, [3; 32]),
    ]
}

fn one_of_each() -> [Secret; 4] {
    one_of_each_under(&Prefixes::default())
}

fn parse(kind: SecretKind, text: &str) -> Result<Secret, SecretError> {
    Secret::parse(kind, &Prefixes::default(), &key(), text)
}

#[test]
fn the_checksum_is_the_crc_32_of_the_catalogues() {
    assert_eq!(
        checksum("123456789"),
        base62::encode(0xCBF4_3926_u32.to_be_bytes(), 6)
    );
}

#[test]
fn a_secret_parses_as_its_own_kind_only() {
    for prefixes in all_prefixes() {
        for secret in one_of_each_under(&prefixes) {
            for kind in SecretKind::ALL {
                let parsed = Secret::parse(kind, &prefixes, &key(), secret.reveal());
                assert_eq!(
                    parsed.is_ok(),
                    kind == secret.kind(),
                    "{secret:?} as {kind:?}"
                );
            }
            assert_eq!(prefixes.kind_of(secret.reveal()), Some(secret.kind()));
        }
    }
}

/// J17: even with the same random bytes and owner, one kind's hash is not another's.
#[test]
fn j17_kinds_never_share_a_hash() {
    let [pat, session, ..] = one_of_each();
    assert!(!pat.hash().matches(&session.hash()));
    // The domain alone keeps them apart, should a policy give two kinds one prefix.
    let twin = Secret {
        kind: SecretKind::Session,
        ..pat.clone()
    };
    assert!(!pat.hash().matches(&twin.hash()));
}

#[test]
fn p3_every_prefix_is_refused() {
    for secret in one_of_each() {
        for end in 0..secret.reveal().len() {
            assert!(parse(secret.kind(), &secret.reveal()[..end]).is_err());
        }
    }
}

#[test]
fn p3_every_single_character_edit_is_refused() {
    let all = all_prefixes();
    let secrets = all
        .iter()
        .flat_map(|prefixes| one_of_each_under(prefixes).map(|secret| (prefixes, secret)));
    for (prefixes, secret) in secrets {
        for at in 0..secret.reveal().len() {
            for other in 0..=0x7F_u8 {
                let mut edited = secret.reveal().as_bytes().to_vec();
                edited[at] = other;
                let edited = String::from_utf8(edited).unwrap();
                if edited != secret.reveal() {
                    assert!(
                        Secret::parse(secret.kind(), prefixes, &key(), &edited).is_err(),
                        "{edited}"
                    );
                }
            }
        }
    }
}

#[test]
fn p3_dropped_doubled_and_swapped_characters_are_refused() {
    for secret in one_of_each() {
        let text = secret.reveal();
        for at in 0..text.len() {
            let (head, tail) = text.split_at(at);
            let dropped = format!("{head}{}", &tail[1..]);
            let doubled = format!("{head}{}{tail}", &tail[..1]);
            assert!(parse(secret.kind(), &dropped).is_err());
            assert!(parse(secret.kind(), &doubled).is_err());
            let mut swapped = text.as_bytes().to_vec();
            swapped.swap(at, (at + 1).min(text.len() - 1));
            let swapped = String::from_utf8(swapped).unwrap();
            if swapped != text {
                assert!(parse(secret.kind(), &swapped).is_err(), "{swapped}");
            }
        }
    }
}

#[test]
fn p3_appended_bytes_are_refused() {
    for secret in one_of_each() {
        for tail in ["0", "_", " ", "\n", "\0", "=", "é", "00000000"] {
            let longer = format!("{}{tail}", secret.reveal());
            let found = parse(secret.kind(), &longer).map(|_| ());
            assert!(
                matches!(found, Err(SecretError::Format)),
                "{longer} {found:?}"
            );
        }
        assert!(parse(secret.kind(), &format!(" {}", secret.reveal())).is_err());
        assert!(parse(secret.kind(), &secret.reveal().to_lowercase()).is_err());
        assert!(parse(secret.kind(), &secret.reveal().to_uppercase()).is_err());
    }
}

#[test]
fn a_secret_with_a_right_checksum_and_a_made_up_owner_is_refused() {
    let signed = format!("lsk_pat_usr_{}_{}", "A".repeat(28), "B".repeat(43));
    let text = format!("{signed}_{}", checksum(&signed));
    let found = parse(SecretKind::PersonalAccessToken, &text);
    assert_eq!(found.unwrap_err(), SecretError::Owner);
    // An organization's id where a user's belongs.
    let organization = OrganizationId::mint(&key(), [2; 16]);
    let signed = format!("lsk_pat_{organization}_{}", "B".repeat(43));
    let text = format!("{signed}_{}", checksum(&signed));
    let found = parse(SecretKind::PersonalAccessToken, &text);
    assert_eq!(found.unwrap_err(), SecretError::Owner);
}

#[test]
fn legacy_keys_are_refused_with_the_name_of_their_successor() {
    for kind in SecretKind::ALL {
        let error = parse(kind, "ls__0123456789abcdef").unwrap_err();
        assert_eq!(error, SecretError::Legacy);
        assert!(error.to_string().contains("personal access token"));
    }
}

#[test]
fn p5_debug_and_errors_do_not_show_a_secret() {
    for secret in one_of_each() {
        let random = secret.reveal().rsplit('_').nth(1).unwrap().to_owned();
        assert!(!format!("{secret:?} {:?}", secret.hash()).contains(&random));
        assert!(!secret.hash().to_hex().contains(&random));
    }
}

#[test]
fn a_hash_survives_storage() {
    let [secret, ..] = one_of_each();
    let stored = SecretHash::from_hex(&secret.hash().to_hex()).unwrap();
    assert!(stored.matches(&secret.hash()));
    let hex = secret.hash().to_hex();
    assert!(SecretHash::from_hex(&hex.to_uppercase()).is_none());
    assert!(SecretHash::from_hex(&hex[1..]).is_none());
    assert!(SecretHash::from_hex(&format!("+{}", &hex[1..])).is_none());
    assert!(SecretHash::from_hex(&"é".repeat(32)).is_none());
}

/// Issued secrets and stored hashes outlive every release: these texts may never change.
#[test]
fn the_format_is_frozen() {
    let [pat, ..] = one_of_each();
    assert_eq!(
        pat.reveal(),
        "lsk_pat_usr_01tRy6czI6jAOLpZvq3hw1tSwCID_0iHJbkdqdSjdOv8lotdlpRYNaigOHJYDGtSybpLpt6R_2MlqUy"
    );
    assert_eq!(
        pat.hash().to_hex(),
        "67afeebd77602ec20cb884e6f4179a4b71d9dbd05e8def270518da7b74e990f4"
    );
}

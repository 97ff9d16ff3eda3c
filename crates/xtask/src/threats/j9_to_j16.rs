//! JWTs: issuer, spelling, and the keys that are taken.

use super::{Row, edge, edit, proof, token, token_in};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "J9",
        attack: "the issuer is compared loosely",
        proofs: &[proof(
            token_in("tokens", "claims::j9_the_issuer_is_compared_byte_by_byte"),
            "issuers are compared byte by byte",
            &[
                edit(
                    "crates/token/src/claims.rs",
                    ".find(|record| record.issuer() == issuer)",
                    ".find(|record| issuer.starts_with(record.issuer()))",
                ),
                edit(
                    "crates/token/src/claims.rs",
                    "if self.unverified_issuer() != Some(record.issuer()) {",
                    "if false {",
                ),
            ],
        )],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J10",
        attack: "claims that are missing, lives that are too long",
        proofs: &[
            proof(
                token_in("tokens", "claims::j10_required_claims_are_required"),
                "a token without `exp` is refused",
                &[
                    edit(
                        "crates/token/src/claims.rs",
                        "time(members, \"exp\")?.ok_or(TokenError::ClaimMissing { claim: \"exp\" })?",
                        "time(members, \"exp\")?.unwrap_or(i64::MAX)",
                    ),
                    edit(
                        "crates/token/src/claims.rs",
                        "if self.expires_at_s.saturating_sub(start_s) > self.max_lifetime_s {",
                        "if false {",
                    ),
                ],
            ),
            proof(
                token_in(
                    "tokens",
                    "claims::j10_a_token_may_not_live_longer_than_its_record_allows",
                ),
                "a life is bounded",
                &[edit(
                    "crates/token/src/claims.rs",
                    "if self.expires_at_s.saturating_sub(start_s) > self.max_lifetime_s {",
                    "if false {",
                )],
            ),
        ],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J11",
        attack: "members that two programs read differently",
        proofs: &[
            proof(
                token("json::tests::j11_duplicate_members_are_refused_at_every_depth"),
                "a member may occur once",
                &[edit(
                    "crates/token/src/json.rs",
                    "return Err(A::Error::custom(\"duplicate member\"));",
                    "",
                )],
            ),
            proof(
                token("json::tests::j11_nul_lone_surrogates_and_byte_order_marks_are_refused"),
                "a NUL is refused",
                &[edit(
                    "crates/token/src/json.rs",
                    "if text.contains('\\0') {",
                    "if false {",
                )],
            ),
            proof(
                token("json::tests::j11_case_variants_are_other_members"),
                "names are compared byte by byte",
                &[edit(
                    "crates/token/src/json.rs",
                    "self.0.get(name)",
                    "self.0.iter().find(|(own, _)| own.eq_ignore_ascii_case(name)).map(|(_, value)| value)",
                )],
            ),
            proof(
                token_in(
                    "tokens",
                    "claims::j11_doubtful_claims_are_refused_though_signed",
                ),
                "claims are read by the strict reader",
                &[edit(
                    "crates/token/src/json.rs",
                    "return Err(A::Error::custom(\"duplicate member\"));",
                    "",
                )],
            ),
            proof(
                edge("json::tests::j11_what_two_programs_read_differently_is_refused"),
                "bodies are read by the strict reader",
                &[edit(
                    "crates/edge/src/json.rs",
                    "    Value::parse(bytes).map_err(|error| refuse(&error))?;\n",
                    "    let _ = Value::parse;\n",
                )],
            ),
        ],
        running: &[
            ("e2e/vectors.test.mjs", "j11 JSON that must not be read"),
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
        ],
    },
    Row {
        id: "J12",
        attack: "one token, several spellings",
        proofs: &[
            proof(
                token("jws::tests::j12_one_token_has_one_spelling"),
                "padding and trailing bits are refused",
                &[edit(
                    "crates/token/src/jws.rs",
                    "    URL_SAFE_NO_PAD\n        .decode(segment)",
                    "    use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};\n    let lax = GeneralPurposeConfig::new()\n        .with_decode_allow_trailing_bits(true)\n        .with_decode_padding_mode(DecodePaddingMode::Indifferent);\n    GeneralPurpose::new(&base64::alphabet::URL_SAFE, lax)\n        .decode(segment)",
                )],
            ),
            proof(
                token_in(
                    "tokens",
                    "confusion::j12_an_rsa_signature_is_below_its_modulus",
                ),
                "an RSA signature is a number below the modulus",
                &[edit(
                    "crates/token/src/verify.rs",
                    "signature.len() == n.len() && signature < n.as_slice()",
                    "signature.len() == n.len()",
                )],
            ),
        ],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J13",
        attack: "signatures of nothing",
        proofs: &[proof(
            token_in("tokens", "confusion::j13_signatures_of_nothing_are_refused"),
            "r and s are not zero",
            &[edit(
                "crates/token/src/verify.rs",
                "Some((r, s)) => s.len() == x.len() && !is_zero(r) && !is_zero(s),",
                "Some((_, s)) => s.len() == x.len(),",
            )],
        )],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J14",
        attack: "an empty or a short secret",
        proofs: &[
            proof(
                token("jwk::tests::j14_short_or_empty_symmetric_keys_are_refused"),
                "a secret is as long as its hash",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "if (least..=1024).contains(&bytes) {",
                    "if bytes <= 1024 || least == 0 {",
                )],
            ),
            proof(
                token_in("tokens", "tenants::j14_an_unknown_kid_yields_no_key"),
                "an unknown name gives no key",
                &[edit(
                    "crates/token/src/jwk.rs",
                    "SignatureCheck::new(jws, key.ok_or(TokenError::Key)?)",
                    "SignatureCheck::new(jws, key.or(self.keys.first()).ok_or(TokenError::Key)?)",
                )],
            ),
        ],
        running: &[
            ("e2e/configuration.test.mjs", "j14 a short secret"),
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
        ],
    },
    Row {
        id: "J15",
        attack: "weak and dangerous keys",
        proofs: &[
            proof(
                token("jwk::tests::j15_rsa_sizes_and_exponents_are_checked"),
                "RSA keys are looked at",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "                rsa::check(&n, &e)?;\n",
                    "",
                )],
            ),
            proof(
                token("jwk::tests::j15_rsa_sizes_and_exponents_are_checked"),
                "moduli with the structure of ROCA are refused",
                &[edit(
                    "crates/token/src/jwk/rsa.rs",
                    "is_even(n) || has_small_factor(n) || is_roca(n)",
                    "is_even(n) || has_small_factor(n)",
                )],
            ),
            proof(
                token("jwk::tests::j15_points_off_their_curve_are_refused"),
                "a point lies on its curve",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "if curve::is_on_curve(&x, &y) {",
                    "if true {",
                )],
            ),
            proof(
                token("jwk::tests::j15_points_off_their_curve_are_refused"),
                "an Ed25519 key is a sound point",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "if curve::is_sound_ed25519(&x) {",
                    "if true {",
                )],
            ),
            proof(
                token("jwk::tests::j15_symmetric_and_public_keys_do_not_mix"),
                "symmetric and public keys do not mix",
                &[edit(
                    "crates/token/src/jwk.rs",
                    "if symmetric == 0 || symmetric == keys.len() {",
                    "if symmetric <= keys.len() {",
                )],
            ),
            proof(
                token("jwk::tests::j15_two_keys_of_one_name_are_refused"),
                "a name has one key",
                &[edit(
                    "crates/token/src/jwk.rs",
                    "    if equal {",
                    "    if equal && false {",
                )],
            ),
            proof(
                token("jwk::tests::j15_published_private_keys_are_refused"),
                "a published private key is refused",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "        refuse_private(jwk)?;\n",
                    "",
                )],
            ),
        ],
        running: &[("e2e/jwks.test.mjs", "j21 whatever an endpoint does")],
    },
    Row {
        id: "J16",
        attack: "`use` and `key_ops` are not looked at",
        proofs: &[proof(
            token("jwk::tests::j16_keys_for_other_uses_are_left_out"),
            "a key for another use is left out",
            &[edit(
                "crates/token/src/jwk/key.rs",
                "if let Some(reason) = other_use(jwk)? {",
                "if let Some(reason) = other_use(jwk)?.filter(|_| false) {",
            )],
        )],
        running: &[],
    },
];

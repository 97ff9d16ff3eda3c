//! JWTs: algorithm, keys that a token names, and what its claims say.

use super::{Row, edge, edit, proof, token, token_in};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "J1",
        attack: "`alg: none` and its spellings",
        proofs: &[
            proof(
                token("algorithm::tests::j1_only_the_exact_names_are_algorithms"),
                "names are compared byte by byte",
                &[edit(
                    "crates/token/src/algorithm.rs",
                    ".find(|algorithm| algorithm.name() == name)",
                    ".find(|algorithm| algorithm.name().eq_ignore_ascii_case(name))",
                )],
            ),
            proof(
                token("jws::tests::j1_none_in_every_spelling_is_refused"),
                "an algorithm that is not offered is refused",
                &[edit(
                    "crates/token/src/jws.rs",
                    "algorithm.ok_or(TokenError::Algorithm)?",
                    "algorithm.unwrap_or(Algorithm::Rs256)",
                )],
            ),
            proof(
                token_in("tokens", "forged::j1_to_j24_no_forged_token_is_accepted"),
                "a signature that does not hold opens nothing",
                &[edit(
                    "crates/token/src/verify.rs",
                    "        if holds {",
                    "        if holds || true {",
                )],
            ),
        ],
        running: &[
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
            ("e2e/jwt.test.mjs", "j1 j2 the algorithm comes from the key"),
        ],
    },
    Row {
        id: "J2",
        attack: "a public key as a symmetric secret",
        proofs: &[
            proof(
                token_in("tokens", "confusion::j2_only_the_diagonal_verifies"),
                "the token's algorithm is its key's",
                &[edit(
                    "crates/token/src/verify.rs",
                    "if jws.algorithm() != key.algorithm() {",
                    "if false {",
                )],
            ),
            proof(
                token_in("tokens", "confusion::j2_a_public_key_is_no_hmac_secret"),
                "symmetric algorithms take `oct` keys only",
                &[
                    edit(
                        "crates/token/src/jwk/key.rs",
                        "        (\"RSA\", _) => &[\n",
                        "        (\"RSA\", _) if allowed.contains(&Algorithm::Hs256) => &[Algorithm::Hs256],\n        (\"RSA\", _) => &[\n",
                    ),
                    edit(
                        "crates/token/src/jwk/key.rs",
                        "let k = decoded(jwk, \"k\")?;",
                        "let k = decoded(jwk, \"k\").or_else(|_| decoded(jwk, \"n\"))?;",
                    ),
                ],
            ),
            proof(
                token("jwk::tests::j2_a_key_without_alg_is_bound_at_load"),
                "a key that could have two algorithms is left out",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "(Some(only), None) => Ok(*only),",
                    "(Some(only), _) => Ok(*only),",
                )],
            ),
            proof(
                token("jwk::tests::j2_a_key_is_only_for_an_allowed_algorithm_of_its_type"),
                "a key's `alg` is one that its type can have",
                &[edit(
                    "crates/token/src/jwk/key.rs",
                    "Some(own) if !possible.contains(&own) =>",
                    "Some(own) if own != own =>",
                )],
            ),
        ],
        running: &[
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
            ("e2e/forged.test.mjs", "j2 nobody signs for another issuer"),
        ],
    },
    Row {
        id: "J3",
        attack: "keys that the token brings along",
        proofs: &[proof(
            token_in("tokens", "confusion::j3_keys_in_the_token_are_not_read"),
            "a `jwk` in the header is not read",
            &[
                edit(
                    "crates/token/src/jws.rs",
                    "    signature: Vec<u8>,\n}",
                    "    signature: Vec<u8>,\n    pub(crate) embedded: Option<crate::jwk::Key>,\n}",
                ),
                edit(
                    "crates/token/src/jws.rs",
                    "            signature: decode(signature, \"signature\")?,",
                    "            signature: decode(signature, \"signature\")?,\n            embedded: header.member(\"jwk\").and_then(Value::as_object).and_then(|jwk| crate::jwk::Key::load(jwk, &Algorithm::ALL).ok()?.ok()),",
                ),
                edit(
                    "crates/token/src/jwk/key.rs",
                    "pub(super) fn load(",
                    "pub(crate) fn load(",
                ),
                edit(
                    "crates/token/src/jwk.rs",
                    "        let key = match jws.kid() {",
                    "        if let Some(key) = &jws.embedded {\n            return SignatureCheck::new(jws, key);\n        }\n        let key = match jws.kid() {",
                ),
            ],
        )],
        running: &[
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
            (
                "e2e/jwt.test.mjs",
                "keys inside the token are not looked at",
            ),
        ],
    },
    Row {
        id: "J4",
        attack: "addresses that the token brings along, and key sets at private ones",
        proofs: &[
            proof(
                token("uri::tests::j4_only_https_to_a_public_name_is_an_address"),
                "keys are published over https",
                &[edit(
                    "crates/token/src/uri.rs",
                    "if !is_https && !is_local {",
                    "if false {",
                )],
            ),
            proof(
                token("uri::tests::j4_no_spelling_of_an_address_is_a_name"),
                "names of networks of one's own are refused",
                &[edit(
                    "crates/token/src/uri.rs",
                    "if is_name && !LOCAL_SUFFIXES.contains(&last) {",
                    "if is_name {",
                )],
            ),
            proof(
                token("uri::tests::j4_no_spelling_of_an_address_is_a_name"),
                "the last label of a name is no number",
                &[edit(
                    "crates/token/src/uri.rs",
                    "&& last.starts_with(|c: char| c.is_ascii_lowercase());",
                    "&& !last.is_empty();",
                )],
            ),
            proof(
                edge(
                    "config::bindings::tests::j4_the_runtime_fetches_from_the_public_network_alone",
                ),
                "what a name leads to is public",
                &[edit(
                    "wrangler.toml",
                    "compatibility_flags = [\"global_fetch_strictly_public\"]",
                    "compatibility_flags = []",
                )],
            ),
        ],
        running: &[
            (
                "e2e/jwks.test.mjs",
                "j4 no address in a token is ever asked",
            ),
            ("e2e/forged.test.mjs", "j4 no address in any of them"),
            (
                "e2e/configuration.test.mjs",
                "j4 keys that are published over http",
            ),
        ],
    },
    Row {
        id: "J5",
        attack: "one `kid` of two tenants, and a `kid` that is more than a name",
        proofs: &[
            proof(
                edge("published::tests::j5_one_kid_of_two_issuers_is_two_keys"),
                "keys are kept by issuer and address",
                &[
                    edit(
                        "crates/edge/src/published.rs",
                        "issuer: record.issuer().to_owned(),",
                        "issuer: String::new(),",
                    ),
                    edit(
                        "crates/edge/src/published.rs",
                        "uri: uri.as_str().to_owned(),",
                        "uri: \"https://login.example/keys\".to_owned(),",
                    ),
                ],
            ),
            proof(
                token_in(
                    "tokens",
                    "tenants::j5_keys_fetched_for_one_issuer_never_verify_a_token_of_another",
                ),
                "published keys are bound to the record they were read for",
                &[edit(
                    "crates/token/src/issuer.rs",
                    "fetched.filter(is_own).map(FetchedKeys::keys)",
                    "fetched.map(FetchedKeys::keys)",
                )],
            ),
            proof(
                token_in("tokens", "tenants::j5_a_kid_is_a_name_and_nothing_else"),
                "a key is found by its exact name",
                &[edit(
                    "crates/token/src/jwk.rs",
                    "self.keys.iter().find(|key| key.kid() == Some(kid)),",
                    "self.keys.iter().find(|key| !kid.is_empty() && key.kid().is_some()),",
                )],
            ),
            proof(
                token_in(
                    "tokens",
                    "tenants::j5_one_kid_under_two_issuers_is_two_keys",
                ),
                "the record is that of the token's issuer",
                &[
                    edit(
                        "crates/token/src/claims.rs",
                        ".find(|record| record.issuer() == issuer)",
                        ".next()",
                    ),
                    edit(
                        "crates/token/src/claims.rs",
                        "if self.unverified_issuer() != Some(record.issuer()) {",
                        "if false {",
                    ),
                ],
            ),
        ],
        running: &[(
            "e2e/jwks.test.mjs",
            "j5 the same kid published by two issuers",
        )],
    },
    Row {
        id: "J6",
        attack: "`crit` and other extensions",
        proofs: &[
            proof(
                token("jws::tests::j6_crit_and_other_extensions_are_refused_whatever_they_hold"),
                "`crit` is refused",
                &[edit(
                    "crates/token/src/jws.rs",
                    "[\"crit\", \"b64\",",
                    "[\"critical\", \"b64\",",
                )],
            ),
            proof(
                token_in("tokens", "claims::j6_extensions_are_refused_though_signed"),
                "`b64` is refused",
                &[edit(
                    "crates/token/src/jws.rs",
                    "\"b64\", \"zip\",",
                    "\"base64\", \"zip\",",
                )],
            ),
        ],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J7",
        attack: "a claim of another type, taken for an absent one",
        proofs: &[
            proof(
                token_in(
                    "tokens",
                    "claims::j7_a_time_of_the_wrong_type_is_not_an_absent_one",
                ),
                "a time of another type is refused",
                &[edit(
                    "crates/token/src/claims.rs",
                    "Some(Value::Integer(seconds)) if *seconds >= 0 => Ok(Some(*seconds)),\n        Some(_) => Err(TokenError::ClaimType { claim }),",
                    "Some(Value::Integer(seconds)) if *seconds >= 0 => Ok(Some(*seconds)),\n        Some(_) => Ok(None),",
                )],
            ),
            proof(
                token_in("tokens", "claims::j7_times_hold_to_the_second"),
                "`nbf` is looked at",
                &[edit(
                    "crates/token/src/claims.rs",
                    ".is_some_and(|not_before_s| not_before_s > latest_start_s)",
                    ".is_some_and(|_| false)",
                )],
            ),
        ],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J8",
        attack: "the audience is not looked at",
        proofs: &[
            proof(
                token_in("tokens", "claims::j8_one_audience_has_to_be_ours_exactly"),
                "an audience is one of the record",
                &[edit(
                    "crates/token/src/claims.rs",
                    ".any(|one| record.audiences().iter().any(|own| own == one))",
                    ".any(|_| true)",
                )],
            ),
            proof(
                token("issuer::tests::j8_nothing_that_is_checked_can_be_left_away"),
                "a record has audiences",
                &[edit(
                    "crates/token/src/issuer.rs",
                    "audiences: required(record, \"audiences\")?,",
                    "audiences: list(record, \"audiences\")?.unwrap_or_default(),",
                )],
            ),
        ],
        running: &[
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
            (
                "e2e/configuration.test.mjs",
                "j8 an issuer without audience",
            ),
        ],
    },
];

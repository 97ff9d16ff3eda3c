//! JWTs: kinds, sizes, what is remembered and fetched, what breaks.

use super::{Row, Target, Test, edge, edit, proof, token, token_in};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "J17",
        attack: "a credential of one kind as one of another",
        proofs: &[
            proof(
                token_in("tokens", "claims::j17_tokens_for_other_uses_are_refused"),
                "a `typ` that names another use is refused",
                &[edit(
                    "crates/token/src/claims.rs",
                    "if !record.accepts_type(self.jws.kind()) {",
                    "if false {",
                )],
            ),
            proof(
                token("secret::tests::j17_kinds_never_share_a_hash"),
                "the kind is part of the hash",
                &[edit(
                    "crates/token/src/secret.rs",
                    ".chain_update(kind.domain())",
                    "",
                )],
            ),
            proof(
                edge(
                    "authenticate::tests::j17_what_is_known_of_a_secret_counts_where_its_kind_is_sent",
                ),
                "the kind is part of the hash by which it is known",
                &[edit(
                    "crates/token/src/secret.rs",
                    ".chain_update(kind.domain())",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::scopes::kinds::j17_a_secret_of_one_kind_is_refused_as_any_other",
                ),
                "only tokens and keys are bearer credentials",
                &[edit(
                    "crates/edge/src/authenticate.rs",
                    "\n                .filter(is_bearer_kind)",
                    "\n                .filter(|_| true)",
                )],
            ),
        ],
        running: &[
            ("e2e/forged.test.mjs", "j1 to j19 no forged"),
            ("e2e/tokens.test.mjs", "a session secret is no token"),
        ],
    },
    Row {
        id: "J18",
        attack: "size and depth",
        proofs: &[
            proof(
                token("jws::tests::j18_size_is_refused_before_anything_else"),
                "a long token is refused unread",
                &[edit(
                    "crates/token/src/jws.rs",
                    "if token.len() > TOKEN_LEN_MAX {",
                    "if false {",
                )],
            ),
            proof(
                token("json::tests::j18_nesting_is_bounded"),
                "nesting is bounded",
                &[edit(
                    "crates/token/src/json.rs",
                    "None => Err(E::custom(\"nested too deeply\")),",
                    "None => Ok(self),",
                )],
            ),
        ],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J19",
        attack: "encrypted and compressed tokens",
        proofs: &[proof(
            token("jws::tests::j19_encrypted_tokens_are_refused_unread"),
            "five parts are refused unread",
            &[edit(
                "crates/token/src/jws.rs",
                "if dots == 4 {",
                "if dots == 5 {",
            )],
        )],
        running: &[("e2e/forged.test.mjs", "j1 to j19 no forged")],
    },
    Row {
        id: "J20",
        attack: "what is remembered of a token",
        proofs: &[
            proof(
                edge(
                    "authenticate::jwt::verified::tests::j20_a_remembered_verdict_is_a_fresh_verdict",
                ),
                "the whole token is the name",
                &[edit(
                    "crates/edge/src/authenticate/jwt/verified.rs",
                    ".chain_update(token);",
                    ".chain_update(token.rsplit_once('.').map_or(token, |(message, _)| message));",
                )],
            ),
            proof(
                edge(
                    "authenticate::jwt::verified::tests::j20_a_remembered_verdict_is_a_fresh_verdict",
                ),
                "times are held against the clock again",
                &[edit(
                    "crates/edge/src/authenticate/jwt.rs",
                    "let valid = proven.times.check(now_s(edge));",
                    "let valid = Ok(());",
                )],
            ),
            proof(
                edge(
                    "authenticate::jwt::verified::tests::j20_a_remembered_verdict_is_a_fresh_verdict",
                ),
                "a verdict ends with the keys that it was reached by",
                &[edit(
                    "crates/edge/src/authenticate/jwt/verified.rs",
                    "(Some(own), Some(now)) => own.ptr_eq(&Rc::downgrade(now)),",
                    "(Some(_), Some(_)) => true,",
                )],
            ),
            proof(
                edge(
                    "authenticate::jwt::verified::tests::j20_a_token_is_remembered_as_a_whole_and_under_one_configuration",
                ),
                "the configuration is part of the name",
                &[edit(
                    "crates/edge/src/authenticate/jwt/verified.rs",
                    "            .chain_update(epoch)\n",
                    "",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "J21",
        attack: "fetching key sets",
        proofs: &[
            proof(
                edge("published::tests::j21_a_thousand_unknown_kids_make_one_fetch_in_a_cool_down"),
                "one fetch in a cool-down",
                &[edit(
                    "crates/edge/src/published.rs",
                    "} else if within(COOL_DOWN_MS) {",
                    "} else if within(1) {",
                )],
            ),
            proof(
                edge("published::tests::j21_whoever_comes_while_keys_are_fetched_waits_for_them"),
                "who comes during a fetch waits for it",
                &[edit(
                    "crates/edge/src/published.rs",
                    "if self.is_under_way && within(UNDER_WAY_MS) {",
                    "if self.is_under_way && within(0) {",
                )],
            ),
            proof(
                edge("published::tests::j21_a_token_that_no_key_can_have_signed_makes_no_fetch"),
                "what no key can have signed makes no fetch",
                &[edit(
                    "crates/token/src/claims.rs",
                    "if is_published && !record.algorithms().contains(&self.jws.algorithm()) {",
                    "if is_published && false {",
                )],
            ),
            proof(
                edge("published::tests::j21_a_stale_set_is_waited_for"),
                "an old set is waited for, so a removed key dies",
                &[edit(
                    "crates/edge/src/published.rs",
                    "REFRESH_MS..STALE_MS if missing == Step::Fetch => Step::UseAndRefresh,",
                    "REFRESH_MS.. if missing == Step::Fetch => Step::UseAndRefresh,",
                )],
            ),
            proof(
                edge(
                    "published::tests::j21_while_the_endpoint_is_down_the_last_set_counts_for_an_hour",
                ),
                "a set ends when its endpoint is down for long",
                &[edit(
                    "crates/edge/src/published.rs",
                    "STALE_MS..AGE_MS_MAX if missing",
                    "STALE_MS.. if missing",
                )],
            ),
            proof(
                edge("published::tests::j21_an_emptied_set_ends_its_keys"),
                "a set that was answered counts, whatever is in it",
                &[edit(
                    "crates/token/src/jwk.rs",
                    "Err(error) if error.is_of_a_set() => {",
                    "Err(error) if error.is_of_a_set() && false => {",
                )],
            ),
            proof(
                edge("published::tests::j21_a_fetch_ends_though_its_request_is_gone"),
                "a fetch ends though who asked has hung up",
                &[edit(
                    "crates/edge/src/published.rs",
                    "background.spawn(Box::pin(fetched.clone()));",
                    "drop(background);",
                )],
            ),
        ],
        running: &[
            ("e2e/jwks.test.mjs", "j21 a thousand unknown kids"),
            ("e2e/jwks.test.mjs", "j21 whatever an endpoint does"),
        ],
    },
    Row {
        id: "J22",
        attack: "an issuer that was taken away still counts",
        proofs: &[
            proof(
                edge(
                    "organization::tests::issuers::ends::j22_the_object_itself_refuses_who_came_by_what_the_issuer_no_longer_is",
                ),
                "the object asks what became of the issuer",
                &[edit(
                    "crates/edge/src/organization/actor.rs",
                    "        admission::require(context, organization, used)?;\n",
                    "        let _ = used;\n",
                )],
            ),
            proof(
                edge(
                    "organization::tests::streams::m7_whatever_ends_a_key_or_an_issuer_ends_the_streams_that_it_may_have_opened",
                ),
                "the streams of those for whom it vouched end with it",
                &[edit(
                    "crates/edge/src/organization/issuers.rs",
                    "Ok(users.iter().fold(reply, |reply, user| reply.ending(user)))",
                    "Ok(reply)",
                )],
            ),
            proof(
                edge(
                    "authenticate::jwt::verified::tests::j20_a_token_is_remembered_as_a_whole_and_under_one_configuration",
                ),
                "what was verified under other records counts no more",
                &[edit(
                    "crates/edge/src/authenticate/jwt/verified.rs",
                    "            .chain_update(epoch)\n",
                    "",
                )],
            ),
        ],
        running: &[(
            "e2e/issuers.test.mjs",
            "s10 j5 m14 an organization's own issuer",
        )],
    },
    Row {
        id: "J23",
        attack: "claims that nobody verified",
        proofs: &[
            proof(
                Test {
                    package: "token",
                    target: Target::Example,
                    name: "claims",
                },
                "nobody else makes a verified token",
                &[edit(
                    "crates/token/src/claims.rs",
                    "pub struct Verified<'a> {\n    claims: &'a Object,\n    record: &'a IssuerRecord,",
                    "pub struct Verified<'a> {\n    pub claims: &'a Object,\n    pub record: &'a IssuerRecord,",
                )],
            ),
            proof(
                token_in("tokens", "forged::j23_debug_shows_no_claims"),
                "a parsed token shows nothing of itself",
                &[edit(
                    "crates/token/src/claims.rs",
                    "formatter.write_str(\"Token(unverified)\")",
                    "write!(formatter, \"Token({:?})\", self.claims)",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "J24",
        attack: "headers that break the reader",
        proofs: &[
            proof(
                edge("authenticate::tests::j24_any_authorization_header_is_answered_400_or_401"),
                "what is wrong with a token is the caller's fault",
                &[edit(
                    "crates/edge/src/authenticate/jwt.rs",
                    "        log::error(&format!(\"signature arithmetic failed: {reason}\"));\n    }\n    user::refused()",
                    "        log::error(&format!(\"signature arithmetic failed: {reason}\"));\n    }\n    ApiError::internal(\"a token\")",
                )],
            ),
            proof(
                token_in("tokens", "forged::j24_mutated_headers_never_change_the_key"),
                "a member of the header is a text or absent",
                &[edit(
                    "crates/token/src/jws.rs",
                    "Some(_) => Err(TokenError::HeaderType { member }),",
                    "Some(_) => Ok(None),",
                )],
            ),
            proof(
                edge("published::tests::j5_no_kid_is_more_than_a_name"),
                "a `kid` is a text without NUL",
                &[
                    edit(
                        "crates/token/src/json.rs",
                        "if text.contains('\\0') {",
                        "if false {",
                    ),
                    edit(
                        "crates/token/src/jwk.rs",
                        "self.keys.iter().find(|key| key.kid() == Some(kid)),",
                        "self.keys.iter().find(|key| key.kid() == Some(kid.trim_end_matches('\\0'))),",
                    ),
                ],
            ),
        ],
        running: &[("e2e/vectors.test.mjs", "j24 mutated tokens")],
    },
];

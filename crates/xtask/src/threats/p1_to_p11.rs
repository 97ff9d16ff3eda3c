//! Personal access tokens and service keys.

use super::{Row, edge, edit, proof, token, token_in};

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "P1",
        attack: "made for somebody else",
        proofs: &[
            proof(
                edge("user::tests::p1_a_token_is_made_for_the_caller_only"),
                "a body has no members that the route does not take",
                &[edit(
                    "crates/edge/src/routes/tokens.rs",
                    "#[serde(deny_unknown_fields)]\nstruct CreateTokenRequest {",
                    "struct CreateTokenRequest {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::scopes::p1_every_route_that_changes_something_wants_a_credential_and_names_nobody_else",
                ),
                "the same, of every route",
                &[edit(
                    "crates/edge/src/routes/sessions.rs",
                    "#[serde(deny_unknown_fields)]\n",
                    "",
                )],
            ),
        ],
        running: &[(
            "e2e/tokens.test.mjs",
            "p1 nobody makes a token for another user",
        )],
    },
    Row {
        id: "P2",
        attack: "outlives its owner",
        proofs: &[
            proof(
                edge(
                    "organization::tests::tokens::p2_a_revoked_token_is_refused_sensitive_actions_at_once_and_others_within_the_bound",
                ),
                "a change asks the credential's object",
                &[edit(
                    "crates/edge/src/authenticate.rs",
                    "Presented::Secret(kind, text) => secret::fresh_caller(edge, kind, text).await,",
                    "Presented::Secret(kind, text) => secret::caller(edge, kind, text).await,",
                )],
            ),
            proof(
                edge(
                    "organization::tests::tokens::p2_the_window_is_what_keeps_a_token_and_no_longer",
                ),
                "an answer counts for the window only",
                &[edit(
                    "crates/edge/src/authenticate/cache.rs",
                    "(0..window_ms).contains(&age_ms) && !is_over",
                    "age_ms >= 0 && !is_over",
                )],
            ),
            proof(
                edge("organization::tests::tokens::p2_a_token_of_a_removed_member_is_dead"),
                "who is no member is told nothing",
                &[edit(
                    "crates/edge/src/organization/actor.rs",
                    "    if access.is_member() {",
                    "    if access.is_member() || true {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::service_keys::p2_a_key_outlives_its_maker_and_stops_a_day_after_they_left",
                ),
                "a key stops a day after who saw its secret has left",
                &[edit(
                    "crates/edge/src/organization/service_keys.rs",
                    "if stops_at_ms.is_some_and(|at_ms| at_ms <= context.now_ms) {",
                    "if false {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::service_keys::p2_an_overlap_leaves_a_removed_person_no_more_than_their_day",
                ),
                "an overlap does not prolong that day",
                &[edit(
                    "crates/edge/src/organization/service_keys.rs",
                    "left_s.map_or(overlap_s, |left_s| overlap_s.min(left_s))",
                    "left_s.map_or(overlap_s, |_| overlap_s)",
                )],
            ),
            proof(
                edge(
                    "organization::tests::service_keys::seers::p2_a_key_that_stops_hands_nothing_out",
                ),
                "a program hands out on the word of who saw its key's secret",
                &[edit(
                    "crates/edge/src/organization/acting/accounts.rs",
                    "        if self.is_program() {",
                    "        if self.is_program() && false {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::service_keys::seers::p2_what_a_key_showed_before_stops_with_it_whatever_came_between",
                ),
                "what a program is shown, that person has seen",
                &[edit(
                    "crates/edge/src/organization/service_keys.rs",
                    "(shown_to = ?2 OR seen_by = ?2",
                    "(shown_to = ?2",
                )],
            ),
        ],
        running: &[(
            "e2e/tokens.test.mjs",
            "p2 a service account works by its key",
        )],
    },
    Row {
        id: "P3",
        attack: "cut, edited or extended",
        proofs: &[
            proof(
                token("secret::tests::p3_every_single_character_edit_is_refused"),
                "the checksum is compared",
                &[edit(
                    "crates/token/src/secret.rs",
                    "if !bool::from(checksum(signed).as_bytes().ct_eq(check.as_bytes())) {",
                    "if false {",
                )],
            ),
            proof(
                token("secret::tests::p3_every_prefix_is_refused"),
                "length and checksum are compared",
                &[
                    edit(
                        "crates/token/src/secret.rs",
                        "if check.len() != base62::DIGITS_CHECK || !base62::is_base62(random) {",
                        "if false {",
                    ),
                    edit(
                        "crates/token/src/secret.rs",
                        "if !bool::from(checksum(signed).as_bytes().ct_eq(check.as_bytes())) {",
                        "if false {",
                    ),
                ],
            ),
            proof(
                token("secret::tests::p3_appended_bytes_are_refused"),
                "the length is compared",
                &[edit(
                    "crates/token/src/secret.rs",
                    "if check.len() != base62::DIGITS_CHECK || !base62::is_base62(random) {",
                    "if false {",
                )],
            ),
            proof(
                edge("user::tests::p3_no_edit_of_a_token_is_accepted_and_none_reaches_an_object"),
                "a misspelled token reaches no object",
                &[edit(
                    "crates/token/src/secret.rs",
                    "if !bool::from(checksum(signed).as_bytes().ct_eq(check.as_bytes())) {",
                    "if false {",
                )],
            ),
        ],
        running: &[(
            "e2e/tokens.test.mjs",
            "p3 no shortened, edited or extended token",
        )],
    },
    Row {
        id: "P4",
        attack: "a scope that some route forgets",
        proofs: &[
            proof(
                edge(
                    "organization::tests::scopes::p4_a_token_scoped_to_nothing_is_refused_by_every_route",
                ),
                "scopes go into every decision",
                &[edit(
                    "crates/edge/src/narrow.rs",
                    "permissions: elsewhere.or_else(|| self.scopes.clone()),",
                    "permissions: elsewhere,",
                )],
            ),
            proof(
                edge(
                    "organization::tests::tokens::p4_a_subtree_in_one_organization_gives_nothing_in_another",
                ),
                "a subtree of another organization leaves nothing",
                &[
                    edit(
                        "crates/edge/src/narrow.rs",
                        "self.subtree.as_ref().and_then(is_elsewhere)",
                        "self.subtree.as_ref().and_then(is_elsewhere).filter(|_| false)",
                    ),
                    edit(
                        "crates/edge/src/narrow.rs",
                        "node: self.subtree.as_ref().map(|subtree| subtree.node.clone()),",
                        "node: None,",
                    ),
                    edit(
                        "crates/edge/src/authenticate.rs",
                        "let subtree = self.narrow.as_ref()?.subtree.as_ref()?;",
                        "let subtree = self.narrow.as_ref()?.subtree.as_ref().filter(|_| false)?;",
                    ),
                ],
            ),
            proof(
                edge("user::tests::tokens::p4_a_narrow_token_is_nobody_in_the_account"),
                "a narrow token does not see the account",
                &[edit(
                    "crates/edge/src/authenticate.rs",
                    "        if self.is_limited() {",
                    "        if self.is_limited() && false {",
                )],
            ),
        ],
        running: &[("e2e/tokens.test.mjs", "p4 scopes and a rotation hold")],
    },
    Row {
        id: "P5",
        attack: "stored as it is",
        proofs: &[
            proof(
                edge("user::tests::tokens::p5_only_the_hash_is_stored"),
                "the hash is stored",
                &[edit(
                    "crates/edge/src/routes/tokens.rs",
                    "        hash: secret.hash().to_hex(),\n        name:",
                    "        hash: secret.reveal().to_owned(),\n        name:",
                )],
            ),
            proof(
                token("secret::tests::p5_debug_and_errors_do_not_show_a_secret"),
                "`Debug` does not show it",
                &[edit(
                    "crates/token/src/secret.rs",
                    "impl fmt::Debug for Secret {\n    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {",
                    "impl fmt::Debug for Secret {\n    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {\n        formatter.write_str(&self.text)?;",
                )],
            ),
        ],
        running: &[
            ("e2e/at-rest.test.mjs", "p5 of a thousand tokens and keys"),
            ("e2e/at-rest.test.mjs", "p5 p6 no token, session, code"),
        ],
    },
    Row {
        id: "P6",
        attack: "shown by an answer, a page or the log",
        proofs: &[proof(
            edge("organization::tests::repeats::p6_a_repeated_request_shows_no_secret_again"),
            "a repeated answer leaves secrets out",
            &[edit(
                "crates/edge/src/idempotency.rs",
                "!value.as_str().is_some_and(|text| is_secret(config, text))",
                "!value.as_str().is_some_and(|text| false && is_secret(config, text))",
            )],
        )],
        running: &[
            ("e2e/at-rest.test.mjs", "p5 p6 no token, session, code"),
            ("e2e/tokens.test.mjs", "p6 no secret is in the log"),
        ],
    },
    Row {
        id: "P7",
        attack: "leaked and not found",
        proofs: &[
            proof(
                token_in(
                    "secrets",
                    "p7_the_published_expression_finds_every_issued_secret",
                ),
                "the expression knows how long the parts are",
                &[edit(
                    "crates/token/src/prefix.rs",
                    "ID_LEN.saturating_sub(\"org_\".len()),",
                    "ID_LEN,",
                )],
            ),
            proof(
                token_in(
                    "secrets",
                    "p7_the_published_expression_finds_nothing_in_random_text",
                ),
                "the expression knows how secrets begin",
                &[edit(
                    "crates/token/src/prefix.rs",
                    "r\"\\b(?:{})_",
                    "r\"\\b(?:{}|\\w+)_",
                )],
            ),
            proof(
                token_in(
                    "secrets",
                    "p7_the_published_expression_finds_nothing_in_random_text",
                ),
                "the expression ends with the secret",
                &[edit(
                    "crates/token/src/prefix.rs",
                    "{{{}}}\\b\",",
                    "{{{}}}\",",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "P8",
        attack: "told by how long an answer takes",
        proofs: &[],
        running: &[],
    },
    Row {
        id: "P9",
        attack: "more than its maker",
        proofs: &[
            proof(
                edge("organization::tests::tokens::p9_a_token_is_at_most_its_user_at_that_moment"),
                "a sensitive question is put to the object every time",
                &[edit(
                    "crates/edge/src/routes/decisions.rs",
                    "let is_sensitive = described.is_none_or(|permission| permission.sensitive);",
                    "let is_sensitive = described.is_none();",
                )],
            ),
            proof(
                edge(
                    "organization::tests::service_keys::p9_a_key_is_made_and_rotated_by_who_holds_what_it_gives",
                ),
                "who is shown a key holds what it gives",
                &[edit(
                    "crates/core/src/assignment.rs",
                    "can_hand_over(actor, holder).map_err(MembershipError::Delegation)",
                    "can_hand_over(actor, holder).or(Ok(()))",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "P10",
        attack: "what comes after what was deleted",
        proofs: &[
            proof(
                edge(
                    "organization::tests::tokens::p10_after_its_deletion_nothing_reaches_an_organization",
                ),
                "a deleted organization answers nothing",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "\"{ORGANIZATION} WHERE deleted_at_ms IS NULL\"",
                    "\"{ORGANIZATION}\"",
                )],
            ),
            proof(
                edge(
                    "organization::tests::node_members::p10_who_comes_back_has_none_of_their_old_roles",
                ),
                "who leaves takes all grants along",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "\"DELETE FROM granted WHERE user IN (?, ?)\"",
                    "\"DELETE FROM granted WHERE node = (SELECT id FROM organization) AND user IN (?, ?)\"",
                )],
            ),
            proof(
                edge(
                    "organization::tests::node_members::p10_a_workspace_of_the_same_name_is_another_one",
                ),
                "what is deleted takes its grants along",
                &[
                    edit(
                        "crates/edge/src/organization/nodes.rs",
                        "change.exec(\"DELETE FROM node WHERE id = ? OR parent = ?\", &within)?;",
                        "let _ = &within;",
                    ),
                    edit(
                        "crates/edge/src/organization/nodes.rs",
                        "        (\"granted\", \"node\", there),\n",
                        "",
                    ),
                ],
            ),
        ],
        running: &[],
    },
    Row {
        id: "P11",
        attack: "still there after everything was ended",
        proofs: &[
            proof(
                edge(
                    "user::tests::sessions::p11_signing_out_everywhere_ends_every_session_and_on_demand_every_token",
                ),
                "tokens end",
                &[edit(
                    "crates/edge/src/user/token.rs",
                    "\"DELETE FROM access_token\", &[]",
                    "\"DELETE FROM access_token WHERE FALSE\", &[]",
                )],
            ),
            proof(
                edge(
                    "user::tests::sessions::p11_signing_out_everywhere_ends_every_session_and_on_demand_every_token",
                ),
                "sessions end",
                &[edit(
                    "crates/edge/src/user/session.rs",
                    "\"DELETE FROM session\", &[]",
                    "\"DELETE FROM session WHERE FALSE\", &[]",
                )],
            ),
        ],
        running: &[("e2e/tokens.test.mjs", "p11 signing out everywhere")],
    },
];

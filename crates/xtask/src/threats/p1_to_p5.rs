//! Personal access tokens and service keys: whose they are, and what they may.

use super::{Row, edge, edit, proof, token};

const RETURN: &str =
    "organization::tests::tokens::p2_a_token_of_a_removed_member_stays_dead_when_they_come_back";

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
                    "organization::tests::service_keys::seers::taking::p2_a_key_that_stops_takes_nothing_from_others",
                ),
                "a key that stops takes nothing from others",
                &[edit(
                    "crates/edge/src/organization/acting/accounts.rs",
                    "        let permitted = self.permit(operation, node)?;\n        self.require_seer()?;\n",
                    "        let permitted = self.permit(operation, node)?;\n",
                )],
            ),
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
                edge(RETURN),
                "who comes back leaves the tokens behind that there were",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "tokens_from_ms = COALESCE(left_at_ms, tokens_from_ms), ",
                    "",
                )],
            ),
            proof(
                edge(RETURN),
                "the edge, which asks no object, knows from when on tokens count",
                &[edit(
                    "crates/edge/src/freshness.rs",
                    "token.since(known.tokens_from_ms)",
                    "token.since(None)",
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
                    "organization::tests::scopes::subtree::p4_a_token_with_a_subtree_and_no_scopes_is_refused_where_all_of_a_user_is_wanted",
                ),
                "a token with a subtree is less than its user",
                &[edit(
                    "crates/edge/src/narrow.rs",
                    " || self.subtree.is_some()",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::scopes::subtree::p4_a_token_with_a_subtree_and_no_scopes_is_refused_where_all_of_a_user_is_wanted",
                ),
                "what lies in no organization lies in no subtree",
                &[edit(
                    "crates/edge/src/authenticate.rs",
                    "narrow.subtree.is_none()\n                && ",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::scopes::subtree::p4_a_token_with_a_subtree_and_no_scopes_is_refused_where_all_of_a_user_is_wanted",
                ),
                "all that somebody holds is handed out by no token with a subtree",
                &[edit(
                    "crates/edge/src/organization/acting/accounts.rs",
                    " || token.record.node.is_some();",
                    ";",
                )],
            ),
            proof(
                edge(
                    "organization::tests::repeats::p4_another_credential_is_not_answered_by_a_key",
                ),
                "an answer is repeated to the credential that had it",
                &[edit(
                    "crates/edge/src/idempotency.rs",
                    "        .chain(credential)\n",
                    "        .chain(credential.into_iter().take(0))\n",
                )],
            ),
            proof(
                edge("organization::tests::known::p4_a_token_learns_no_name_outside_of_its_reach"),
                "a workspace is found by its name where the token reaches it",
                &[edit(
                    "crates/edge/src/organization/workspaces.rs",
                    "known.is_some_and(|workspace| acting.reaches_into(workspace))",
                    "known.is_some()",
                )],
            ),
            proof(
                edge(
                    "organization::tests::authzen::law_6_about_themselves_everybody_is_told_what_their_credential_leaves",
                ),
                "of themselves a token is told what it leaves",
                &[edit(
                    "crates/edge/src/organization/authzen.rs",
                    "let access = if id == self.actor.principal {",
                    "let access = if false {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::authzen::only_who_may_ask_for_decisions_asks_about_others_or_states_anything",
                ),
                "others are asked about, and facts stated, by who may",
                &[edit(
                    "crates/edge/src/organization/authzen.rs",
                    "        permit(self.context, &self.access, ask, &self.facts).map(|_| ())",
                    "        let _ = permit(self.context, &self.access, ask, &self.facts);\n        Ok(())",
                )],
            ),
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
];

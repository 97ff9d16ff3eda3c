//! Personal access tokens and service keys: how they are made, shown and kept.

use super::{Row, edge, edit, proof, token_in};

pub(super) const ROWS: &[Row] = &[
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
            proof(
                edge(
                    "organization::tests::service_keys::revived::p9_keys_count_again_by_who_holds_what_they_give",
                ),
                "who lets keys live longer holds what they give",
                &[edit(
                    "crates/edge/src/organization/service_keys.rs",
                    "key.lives_within(max_s) && !key.lives_within(before_s)",
                    "key.lives_within(max_s) && !key.lives_within(max_s)",
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

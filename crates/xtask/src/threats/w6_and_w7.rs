//! Stores that fail.

use super::{Row, edge, edit, proof};

const FRESHNESS: &str = "crates/edge/src/freshness.rs";
const CONFIRM: &str = "crates/edge/src/freshness/confirm.rs";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "W6",
        attack: "KV is gone, or says what is not so",
        proofs: &[
            proof(
                edge(
                    "organization::tests::trials::gone::w6_without_kv_every_credential_gets_the_right_answers",
                ),
                "the object has the bytes, too",
                &[edit(
                    CONFIRM,
                    "None => Rc::new(Held::new(from_object(edge, principal).await?)),",
                    "None => return Err(ApiError::unavailable(\"kv\")),",
                )],
            ),
            proof(
                edge("organization::tests::trials::granted::what_is_granted_is_seen_by_a_session"),
                "bytes are of the epoch that the object says",
                &[edit(
                    CONFIRM,
                    "\n        && i64::try_from(snapshot.epoch) == Ok(freshness.principal_epoch)",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::trials::granted::what_is_granted_is_seen_by_a_service_key",
                ),
                "a no is asked about again soon",
                &[edit(
                    FRESHNESS,
                    "pub const DENY_MS: i64 = 500;",
                    "pub const DENY_MS: i64 = 5_000;",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "W7",
        attack: "an object does not answer",
        proofs: &[proof(
            edge(
                "organization::tests::trials::gone::w7_without_an_object_no_credential_is_told_yes_or_no",
            ),
            "what was said does not count longer because nobody can be asked",
            &[edit(
                FRESHNESS,
                "(0..window_ms).contains(&age_ms) && at_least.is_none_or(|epoch| epoch <= self.epoch)",
                "age_ms >= 0 && at_least.is_none_or(|epoch| epoch <= self.epoch)",
            )],
        )],
        running: &[],
    },
];

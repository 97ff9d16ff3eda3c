//! Members, roles and decisions: what comes in, lists, plans and what is deleted.

use super::{Row, edge, edit, proof};

const CONFIRM: &str = "crates/edge/src/freshness/confirm.rs";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "M8",
        attack: "answered from somebody else's bytes",
        proofs: &[
            proof(
                edge(
                    "organization::tests::consistency::m8_a_principal_is_never_answered_from_anothers_bytes",
                ),
                "bytes are of the epoch that the object says",
                &[edit(
                    CONFIRM,
                    "\n        && i64::try_from(snapshot.epoch) == Ok(freshness.principal_epoch)",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::consistency::m8_an_organizations_roles_are_never_anothers",
                ),
                "roles and rules are of the organization that they are read for",
                &[edit(
                    CONFIRM,
                    "stored.key == key && stored.epoch",
                    "stored.epoch",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M9",
        attack: "a write that was answered and not done",
        proofs: &[proof(
            edge("organization::tests::members::m9_what_was_answered_is_what_is_stored"),
            "the role is written",
            &[edit(
                "crates/edge/src/organization/members.rs",
                "        change.set_role(&granted_as, role)\n",
                "        Ok(())\n",
            )],
        )],
        running: &[(
            "e2e/crash.test.mjs",
            "what was acknowledged outlives a kill",
        )],
    },
    Row {
        id: "M10",
        attack: "back from the dead",
        proofs: &[
            proof(
                edge(
                    "organization::tests::node_members::m10_who_comes_back_holds_nothing_of_before",
                ),
                "who leaves takes all grants along",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "let granted = \"DELETE FROM granted WHERE user IN (?, ?)\";",
                    "let granted = \"DELETE FROM granted WHERE user IN (?, ?) AND FALSE\";",
                )],
            ),
            proof(
                edge(
                    "organization::tests::issuers::ends::m10_another_subject_claim_lets_nobody_back",
                ),
                "an issuer lets people in by the claim by which somebody is kept out",
                &[edit(
                    "crates/edge/src/organization/issuers.rs",
                    "COALESCE(subject_claim, 'sub') <> ? LIMIT 1",
                    "COALESCE(subject_claim, 'sub') <> ? LIMIT 0",
                )],
            ),
            proof(
                edge(
                    "organization::tests::ending::m10_kv_holds_tombstones_and_an_older_value_that_comes_late_gives_nothing",
                ),
                "what is deleted leaves tombstones",
                &[edit(
                    "crates/edge/src/organization/ending.rs",
                    "    entomb(context, organization, epoch)?;\n",
                    "",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M11",
        attack: "lists that leave something out",
        proofs: &[proof(
            edge(
                "organization::tests::pages::m11_a_list_is_what_may_be_seen_of_it_over_all_sizes_of_pages",
            ),
            "one row more tells whether there is another page",
            &[edit(
                "crates/edge/src/paging.rs",
                "i64::from(self.limit).saturating_add(1)",
                "i64::from(self.limit)",
            )],
        )],
        running: &[],
    },
    Row {
        id: "M12",
        attack: "forged cursors",
        proofs: &[proof(
            edge(
                "paging::tests::m12_a_hundred_thousand_mutated_cursors_are_refused_or_are_the_one_that_was_given",
            ),
            "a cursor is signed",
            &[edit(
                "crates/edge/src/paging.rs",
                "*version == VERSION && self.keys.is_equal_bytes(mac, &self.mac(position));",
                "*version == VERSION && mac.len() == MAC_BYTES;",
            )],
        )],
        running: &[("e2e/audit.test.mjs", "m12 a cursor counts for its list")],
    },
    Row {
        id: "M13",
        attack: "members of a body that nobody may write",
        proofs: &[
            proof(
                edge(
                    "organization::tests::routes::m13_what_no_route_takes_is_refused_by_every_one_of_them",
                ),
                "a body has no members that the route does not take",
                &[edit(
                    "crates/wire/src/structure.rs",
                    "#[serde(deny_unknown_fields)]\npub struct ProjectRequest {",
                    "pub struct ProjectRequest {",
                )],
            ),
            proof(
                edge("organization::tests::members::m13_members_that_are_not_writable_are_refused"),
                "the same, of the organization",
                &[edit(
                    "crates/wire/src/directory.rs",
                    "#[serde(deny_unknown_fields)]\npub struct OrganizationChangeRequest {",
                    "pub struct OrganizationChangeRequest {",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M14",
        attack: "a credential of one organization in another",
        proofs: &[
            proof(
                edge(
                    "organization::tests::place::m14_a_credential_of_one_organization_is_refused_in_path_and_header_for_another",
                ),
                "a credential acts in its organization",
                &[edit(
                    "crates/edge/src/place.rs",
                    "            (Some(named), Some(own)) if named.as_str() != own => return Err(foreign()),\n",
                    "            (Some(_), Some(own)) if own.is_empty() => return Err(foreign()),\n",
                )],
            ),
            proof(
                edge(
                    "organization::tests::place::m14_path_and_headers_that_disagree_are_refused_whoever_asks",
                ),
                "path and headers agree",
                &[edit(
                    "crates/edge/src/place.rs",
                    "if values.all(|value| Some(value) == first) {",
                    "if values.all(|_| true) {",
                )],
            ),
        ],
        running: &[(
            "e2e/issuers.test.mjs",
            "s10 j5 m14 an organization's own issuer",
        )],
    },
    Row {
        id: "M15",
        attack: "what is left of who or what is gone",
        proofs: &[proof(
            edge(
                "organization::tests::members::m15_and_p10_nothing_is_left_of_a_deleted_organization",
            ),
            "a deleted organization answers nothing",
            &[edit(
                "crates/edge/src/organization/store.rs",
                "{ORGANIZATION} WHERE deleted_at_ms IS NULL\"",
                "{ORGANIZATION}\"",
            )],
        )],
        running: &[],
    },
];

//! Mail, and what is told of addresses.

use super::{Row, edge, edit, proof};

const STRANGER: &str =
    "organization::tests::known::i15_a_stranger_learns_neither_the_lives_of_tokens_nor_the_epoch";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "I12",
        attack: "mail without end",
        proofs: &[
            proof(
                edge("address::tests::an_address_gets_five_unused_codes_an_hour_from_one_client"),
                "codes of one client are counted",
                &[edit(
                    "crates/edge/src/address/code.rs",
                    "(Some(client), CODES_PER_CLIENT_MAX),",
                    "(Some(client), 1_000 * CODES_PER_CLIENT_MAX),",
                )],
            ),
            proof(
                edge("address::tests::an_address_gets_twenty_unused_codes_an_hour_from_everywhere"),
                "codes of all clients are counted",
                &[edit(
                    "crates/edge/src/address/code.rs",
                    "        CODES_MAX\n    };",
                    "        1_000 * CODES_MAX\n    };",
                )],
            ),
            proof(
                edge(
                    "address::tests::limits::i12_a_browser_that_has_proven_an_address_gets_codes_whatever_others_ask_for",
                ),
                "nobody uses up the codes of who has signed in before",
                &[edit(
                    "crates/edge/src/address/code.rs",
                    "        PROVEN_CODES_MAX\n",
                    "        CODES_MAX\n",
                )],
            ),
            proof(
                edge(
                    "address::tests::i12_one_network_is_one_client_whatever_address_it_sends_from",
                ),
                "a network of IPv6 is one client",
                &[edit(
                    "crates/edge/src/clients.rs",
                    "{first:x}:{second:x}:{third:x}:{fourth:x}::/64",
                    "{first:x}:{second:x}:{third:x}:{fourth:x}::/64 of {parsed}",
                )],
            ),
            proof(
                edge(
                    "organization::tests::mails::i12_one_client_mails_three_hundred_a_day_whoever_it_is",
                ),
                "what one client has mailed is counted",
                &[edit(
                    "crates/edge/src/organization/mails.rs",
                    "(\"client = ?\", 300)",
                    "(\"client = ?\", 300_000)",
                )],
            ),
            proof(
                edge(
                    "organization::tests::mails::i12_one_client_mails_three_hundred_a_day_whoever_it_is",
                ),
                "who mailed from where is noted",
                &[edit(
                    "crates/edge/src/organization/mails.rs",
                    "        acting.principal().into(),\n        acting.client().into(),\n    ];\n    change",
                    "        acting.principal().into(),\n        None::<String>.into(),\n    ];\n    change",
                )],
            ),
            proof(
                edge(
                    "organization::tests::mails::i12_an_organization_mails_five_hundred_a_day_whoever_invites",
                ),
                "what an organization has mailed is counted",
                &[edit(
                    "crates/edge/src/organization/mails.rs",
                    "(\"at_ms > ?\", 500)",
                    "(\"at_ms > ?\", 500_000)",
                )],
            ),
            proof(
                edge("address::tests::limits::i12_a_cookie_of_who_asked_is_none_of_who_has_proven"),
                "a cookie says one thing alone",
                &[edit(
                    "crates/edge/src/routes/sign_in.rs",
                    "check: Purpose::ProvenCookie",
                    "check: Purpose::SignInCookie",
                )],
            ),
            proof(
                edge(
                    "address::tests::limits::i12_a_client_tries_thirty_codes_a_minute_whatever_becomes_of_them",
                ),
                "a client that tries codes is counted before anything is asked",
                &[edit(
                    "crates/edge/src/routes/sign_in.rs",
                    "    limit_client(edge, request, \"sessions\").await?;\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::mails::i12_who_gives_roles_again_and_again_mails_five_a_day_to_one_address",
                ),
                "word of roles is counted, too",
                &[edit(
                    "crates/edge/src/organization/acting/notices.rs",
                    "if mails::wait_s(self.acting, address)?.is_some() {",
                    "if false {",
                )],
            ),
        ],
        running: &[("e2e/sign-in.test.mjs", "i12 a sixth unused code")],
    },
    Row {
        id: "I13",
        attack: "names that write the mail",
        proofs: &[
            proof(
                edge("mail::tests::i13_names_bring_no_header_no_markup_and_no_second_link"),
                "a name is one line, and none of it a link",
                &[edit(
                    "crates/edge/src/mail/render.rs",
                    "organization: &plain(organization_name, NAME_CHARS_MAX),",
                    "organization: organization_name,",
                )],
            ),
            proof(
                edge("mail::tests::i13_names_bring_no_header_no_markup_and_no_second_link"),
                "a name is text in HTML",
                &[edit(
                    "crates/edge/src/mail/render.rs",
                    "                escape(&sentence),\n",
                    "                sentence,\n",
                )],
            ),
            proof(
                edge(
                    "organization::tests::naughty::i13_a_program_invites_as_one_whatever_it_is_called",
                ),
                "a program is said to be one",
                &[edit(
                    "crates/edge/src/mail/render.rs",
                    "    format!(\"A program ({name}) of the organization\")\n",
                    "    name\n",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "I14",
        attack: "a link to another host",
        proofs: &[proof(
            edge("mail::tests::the_link_has_the_configured_origin_and_the_secret_in_its_fragment"),
            "a link begins with the configured origin",
            &[edit(
                "crates/edge/src/mail/render.rs",
                "config.origin, secret.reveal());",
                "\"https://elsewhere.example\", secret.reveal());",
            )],
        )],
        running: &[("e2e/links.test.mjs", "i14 no header of a request")],
    },
    Row {
        id: "I15",
        attack: "whether an address is known",
        proofs: &[
            proof(
                edge("address::tests::known_and_unknown_addresses_are_answered_alike"),
                "the answer says when the code ends, and nothing else",
                &[edit(
                    "crates/edge/src/address/code.rs",
                    "    Ok(Asked { expires_at_ms })",
                    "    let known = context.sql.exec(\"SELECT user FROM owner\", &[])?.len();\n    Ok(Asked { expires_at_ms: expires_at_ms.saturating_add(i64::try_from(known).unwrap_or(0)) })",
                )],
            ),
            proof(
                edge(
                    "organization::tests::slugs::i15_a_slug_leads_its_members_to_an_organization_and_nobody_else",
                ),
                "who is no member is told nothing",
                &[edit(
                    "crates/edge/src/organization/actor.rs",
                    "if access.is_member() {",
                    "if true {",
                )],
            ),
            proof(
                edge(STRANGER),
                "nor how long tokens may live",
                &[edit(
                    "crates/edge/src/freshness.rs",
                    "    if access.is_member() {\n        require_reached(question.at_least, known.epoch)?;",
                    "    if true {",
                )],
            ),
            proof(
                edge(STRANGER),
                "nor which epoch the organization has reached",
                &[edit(
                    "crates/edge/src/organization/decisions.rs",
                    "asked.at_least.filter(|_| access.is_member());",
                    "asked.at_least;",
                )],
            ),
        ],
        running: &[("e2e/sign-in.test.mjs", "i15 a known and an unknown address")],
    },
];

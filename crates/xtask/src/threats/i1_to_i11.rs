//! Invitations, addresses and mail.

use super::{Row, edge, edit, proof, token};

const CORE: &str = "crates/core/src/invitation.rs";
const OBJECT: &str = "crates/edge/src/organization/invitations.rs";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "I1",
        attack: "a forged or an edited link",
        proofs: &[proof(
            edge("organization::tests::invitations::i1_no_edited_link_shows_an_invitation"),
            "what a link brings is looked up as a whole",
            &[
                edit(
                    "crates/token/src/secret.rs",
                    "if !bool::from(checksum(signed).as_bytes().ct_eq(check.as_bytes())) {",
                    "if false {",
                ),
                edit(
                    OBJECT,
                    ".one(&format!(\"{COLUMNS} WHERE hash = ?\"), &[hash.into()])?;",
                    ".one(&format!(\"{COLUMNS} WHERE hash <> ?\"), &[hash.into()])?;",
                ),
            ],
        )],
        running: &[],
    },
    Row {
        id: "I2",
        attack: "accepted by somebody else",
        proofs: &[proof(
            edge("organization::tests::invitations::i2_only_the_invited_address_acts_on_it"),
            "the proven address is the invited one",
            &[edit(CORE, "if !address_matches {", "if false {")],
        )],
        running: &[],
    },
    Row {
        id: "I3",
        attack: "a role that the inviter could not give",
        proofs: &[
            proof(
                edge(
                    "organization::tests::invitations::i3_nobody_invites_into_more_than_they_hold",
                ),
                "who invites may invite",
                &[edit(CORE, "    may_send(inviter, offer, &facts)?;\n", "")],
            ),
            proof(
                edge("organization::tests::tokens::a_narrow_token_hands_out_no_more_than_it_holds"),
                "what is offered is held (law 5), also through a token",
                &[edit(CORE, "    assignable(inviter, offer.role)?;\n", "")],
            ),
            proof(
                edge(
                    "organization::tests::invitations::i3_nobody_invites_into_more_than_they_hold",
                ),
                "what is offered is held (law 5)",
                &[edit(CORE, "    assignable(inviter, offer.role)?;\n", "")],
            ),
            proof(
                edge(
                    "organization::tests::invitations::i3_nobody_offers_more_in_a_workspace_than_they_hold_there",
                ),
                "what is offered in a workspace is held there",
                &[edit(
                    CORE,
                    "            new: Some((*role, Window::default())),\n",
                    "            new: Some((*role, Window::default())).filter(|_| false),\n",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "I4",
        attack: "rights that the inviter has lost since",
        proofs: &[
            proof(
                edge(
                    "organization::tests::invitations::i4_the_inviters_rights_are_asked_again_when_it_is_accepted",
                ),
                "the inviter is asked about again at acceptance",
                &[edit(
                    CORE,
                    "        may_offer(inviter, offer, invited, facts).map_err(InvitationError::Inviter)?;\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::invitations::i4_an_invitation_of_somebody_removed_is_void",
                ),
                "what somebody sent who is gone is nobody's word, also when they are back",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "    forget_word(context, user)?;\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::races::i8_who_accepts_after_the_inviter_lost_their_role_does_not_join",
                ),
                "the same, at the same time",
                &[edit(
                    CORE,
                    "        may_offer(inviter, offer, invited, facts).map_err(InvitationError::Inviter)?;\n",
                    "",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "I5",
        attack: "another organization's invitation",
        proofs: &[proof(
            edge(
                "organization::tests::invitations::i5_another_organizations_invitation_is_out_of_reach",
            ),
            "who is no member is told nothing",
            &[edit(
                "crates/edge/src/organization/actor.rs",
                "if access.is_member() {",
                "if true {",
            )],
        )],
        running: &[],
    },
    Row {
        id: "I6",
        attack: "an expiry that comes late",
        proofs: &[
            proof(
                edge("organization::tests::invitations::i6_expiry_is_exact_to_the_millisecond"),
                "the first millisecond of the expiry is one",
                &[edit(
                    CORE,
                    "now_ms >= self.expires_at_ms",
                    "now_ms > self.expires_at_ms",
                )],
            ),
            proof(
                edge(
                    "organization::tests::races::i8_nobody_accepts_after_the_millisecond_of_expiry",
                ),
                "it is looked at when it is accepted",
                &[edit(
                    CORE,
                    "now_ms >= self.expires_at_ms",
                    "now_ms >= self.expires_at_ms + 1_000",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "I7",
        attack: "used again",
        proofs: &[
            proof(
                edge("organization::tests::invitations::i7_it_is_used_once"),
                "what was acted on is pending no more",
                &[
                    edit(
                        CORE,
                        "            InvitationStatus::Pending => Ok(()),\n            other =>",
                        "            _ => Ok(()),\n            other =>",
                    ),
                    edit(
                        OBJECT,
                        "WHERE id = ? AND state = 'pending' RETURNING id",
                        "WHERE id = ? RETURNING id",
                    ),
                ],
            ),
            proof(
                edge(
                    "organization::tests::returns::i7_an_earlier_invitation_brings_nobody_back_whose_membership_has_ended",
                ),
                "what waits for who leaves is canceled",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "    super::invitations::cancel_those_to(context, organization, user, epoch)?;\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::returns::i7_an_open_invitation_is_void_once_a_membership_has_ended_since_it_was_sent",
                ),
                "when somebody left is compared with when it was sent",
                &[edit(
                    "crates/edge/src/organization/invitations/answer.rs",
                    "    require_welcome(context, &stored, person)?;\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::returns::law_8_an_invitation_from_before_gives_back_no_role_that_was_taken",
                ),
                "a role that is taken is taken out of what waits",
                &[edit(
                    "crates/edge/src/organization/node_members.rs",
                    "        invitations::take(change, &member.user, &Taken::Role(node))?;\n",
                    "",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "I8",
        attack: "many at once",
        proofs: &[
            proof(
                edge("organization::tests::races::i8_of_50_who_accept_at_once_exactly_one_does"),
                "what was acted on is pending no more",
                &[
                    edit(
                        CORE,
                        "            InvitationStatus::Pending => Ok(()),\n            other =>",
                        "            _ => Ok(()),\n            other =>",
                    ),
                    edit(
                        OBJECT,
                        "WHERE id = ? AND state = 'pending' RETURNING id",
                        "WHERE id = ? RETURNING id",
                    ),
                ],
            ),
            proof(
                edge("organization::tests::races::i8_who_accepts_and_who_cancels_do_not_both_win"),
                "the same, against whoever cancels",
                &[
                    edit(
                        CORE,
                        "            InvitationStatus::Pending => Ok(()),\n            other =>",
                        "            _ => Ok(()),\n            other =>",
                    ),
                    edit(
                        OBJECT,
                        "WHERE id = ? AND state = 'pending' RETURNING id",
                        "WHERE id = ? RETURNING id",
                    ),
                ],
            ),
            proof(
                edge("organization::tests::races::i8_the_last_seat_is_taken_once"),
                "seats are counted when somebody joins",
                &[edit(
                    "crates/edge/src/organization/plan.rs",
                    "if has_room(limit, count(taken)) {",
                    "if true {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::races::i8_who_joins_a_deleted_organization_is_in_nothing",
                ),
                "a deleted organization answers nothing",
                &[edit(
                    "crates/edge/src/organization/store.rs",
                    "{ORGANIZATION} WHERE deleted_at_ms IS NULL\"",
                    "{ORGANIZATION}\"",
                )],
            ),
        ],
        running: &[
            ("e2e/organizations.test.mjs", "the operator gives a plan"),
            ("e2e/histories.test.mjs", "64 clients at once"),
        ],
    },
    Row {
        id: "I9",
        attack: "the link's secret told elsewhere",
        proofs: &[proof(
            edge("organization::tests::invitations::i9_the_secret_is_in_the_mail_and_nowhere_else"),
            "the hash is stored",
            &[edit(
                OBJECT,
                "Ok(secret.hash().to_hex())",
                "Ok(secret.reveal().to_owned())",
            )],
        )],
        running: &[("e2e/at-rest.test.mjs", "p5 p6 no token, session, code")],
    },
    Row {
        id: "I10",
        attack: "one address that reads as another",
        proofs: &[
            proof(
                token("address::tests::i10_look_alikes_are_refused"),
                "a local part is ASCII",
                &[edit(
                    "crates/token/src/address.rs",
                    "if !text.is_ascii() {",
                    "if false {",
                )],
            ),
            proof(
                token("address::tests::i10_look_alikes_are_refused"),
                "a local part is made of atoms",
                &[edit(
                    "crates/token/src/address.rs",
                    ".all(|atom| !atom.is_empty() && atom.bytes().all(is_atom_byte))",
                    ".all(|atom| !atom.is_empty())",
                )],
            ),
        ],
        running: &[("e2e/sign-in.test.mjs", "i10 addresses with two meanings")],
    },
    Row {
        id: "I11",
        attack: "an address that nobody has verified",
        proofs: &[
            proof(
                edge(
                    "authenticate::jwt::tests::i11_an_address_comes_only_from_a_believed_issuer_that_has_verified_it",
                ),
                "the issuer says that it is verified",
                &[edit(
                    "crates/edge/src/authenticate/jwt.rs",
                    ".filter(|_| is_verified)?;",
                    ".filter(|_| is_verified || true)?;",
                )],
            ),
            proof(
                edge("address::tests::nobody_becomes_owner_without_a_proof_and_the_first_stays"),
                "a code is compared",
                &[edit(
                    "crates/edge/src/address/code.rs",
                    "if sign_in_code(&context.config.keys, context.name, row.text(\"nonce\")?) != code {",
                    "if sign_in_code(&context.config.keys, context.name, row.text(\"nonce\")?) == code {",
                )],
            ),
        ],
        running: &[("e2e/jwt.test.mjs", "i11 an address counts only when")],
    },
];

//! Members, roles and decisions: who may what.

use super::{Row, core_in, edge, edit, proof};

const ACTOR: &str = "crates/edge/src/organization/actor.rs";
const DECISIONS: &str = "crates/edge/src/routes/decisions.rs";
const FRESHNESS: &str = "crates/edge/src/freshness.rs";
const OWN_RULE: &str = "crates/core/src/own_rule.rs";
const PROOF: &str = "crates/edge/src/organization/acting/proof.rs";
const MEMBERSHIP: &str = "crates/core/src/membership.rs";

pub(super) const ROWS: &[Row] = &[
    Row {
        id: "M1",
        attack: "a configuration that allows everything",
        proofs: &[
            proof(
                edge(
                    "organization::tests::routes::m1_what_the_policy_offers_to_nobody_nobody_does",
                ),
                "what the policy opens to nobody is refused",
                &[edit(
                    PROOF,
                    "        return Err(ApiError::new(Code::NoGrant, detail));\n    };\n    // Most",
                    "        let _ = detail;\n        return Ok(Permitted(()));\n    };\n    // Most",
                )],
            ),
            proof(
                edge("organization::tests::routes::m6_who_only_looks_changes_nothing_by_any_route"),
                "a decision is looked at",
                &[edit(
                    PROOF,
                    "if lockstep_core::verdict(access, permission, node, facts) == Outcome::True {",
                    "if true {",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M2",
        attack: "conditions together that are true though one is not",
        proofs: &[proof(
            core_in("laws", "rules::conditions_together_are_each_of_them"),
            "a guard is all of its conditions",
            &[edit(
                "crates/core/src/guard.rs",
                "holds = holds.min(condition.outcome(facts));",
                "holds = condition.outcome(facts);",
            )],
        )],
        running: &[],
    },
    Row {
        id: "M3",
        attack: "another spelling of a path",
        proofs: &[proof(
            edge("router::paths::tests::a_path_has_one_spelling"),
            "a parameter is letters, digits and underscores",
            &[edit(
                "crates/edge/src/router/paths.rs",
                ".all(|c| c.is_ascii_alphanumeric() || c == '_')",
                ".all(|c| c != '?')",
            )],
        )],
        running: &[("e2e/bad-input.test.mjs", "m3 a path has one spelling")],
    },
    Row {
        id: "M4",
        attack: "ids of another tenant",
        proofs: &[
            proof(
                edge(
                    "organization::tests::routes::m4_no_id_of_another_tenant_is_there_in_any_place",
                ),
                "who is no member is told nothing",
                &[edit(ACTOR, "if access.is_member() {", "if true {")],
            ),
            proof(
                edge(
                    "organization::tests::twins::m4_whatever_a_twin_names_of_the_other_is_not_there",
                ),
                "the same, by every route and every credential",
                &[edit(ACTOR, "if access.is_member() {", "if true {")],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M5",
        attack: "the last admin lost",
        proofs: &[
            proof(
                edge(
                    "organization::tests::members::m5_the_last_admin_neither_leaves_nor_steps_down",
                ),
                "admins are counted (law 7)",
                &[edit(
                    MEMBERSHIP,
                    "if is_last || ends(|role| role.overriding) && !target.keeps_owner {",
                    "if is_last && !is_last {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::suspension::m5_the_last_admin_is_not_suspended_and_m6_nobody_gives_back_what_they_lack",
                ),
                "the same, of who is suspended",
                &[edit(
                    MEMBERSHIP,
                    "if is_last || ends(|role| role.overriding) && !target.keeps_owner {",
                    "if is_last && !is_last {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::issuers::rights::m5_an_owner_by_an_issuer_leaves_another_owner",
                ),
                "somebody with an account keeps holding everything",
                &[edit(
                    MEMBERSHIP,
                    "if is_last || ends(|role| role.overriding) && !target.keeps_owner {",
                    "if is_last {",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M6",
        attack: "giving what one does not hold",
        proofs: &[
            proof(
                edge(
                    "organization::tests::members::m6_nobody_raises_themselves_or_others_beyond_what_they_hold",
                ),
                "who changes a role may",
                &[edit(
                    MEMBERSHIP,
                    "    permit(actor, Operation::MemberUpdateRole, &facts)?;\n    assignable(actor, role)?;\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::members::a_cap_is_lifted_by_who_holds_what_it_held_back",
                ),
                "what is given is held (law 5)",
                &[edit(
                    MEMBERSHIP,
                    "    assignable(actor, role)?;\n    if let Some(old)",
                    "    if let Some(old)",
                )],
            ),
            proof(
                edge(
                    "organization::tests::issuers::rights::m6_what_a_suspended_member_is_kept_is_compared_too",
                ),
                "what a suspended member is kept is theirs",
                &[edit(
                    "crates/edge/src/organization/issuers.rs",
                    "ELSE 'suspended/' || member.user END",
                    "END",
                )],
            ),
            proof(
                edge(
                    "organization::tests::node_members::m6_who_manages_members_gives_what_they_hold_there_and_below",
                ),
                "what is given in a workspace is held there and below",
                &[edit(
                    "crates/core/src/assignment.rs",
                    "let delegated = new.map_or(Ok(()), |(role, _)| can_delegate(actor, role, node));",
                    "let delegated = Ok(());",
                )],
            ),
            proof(
                edge(
                    "organization::tests::lifting::law_5_nobody_ends_a_role_by_which_more_was_held_back_than_they_hold",
                ),
                "what comes to life where a role ends is held by who ends it",
                &[edit(
                    "crates/edge/src/organization/node_members.rs",
                    "        old: &old,\n",
                    "        old: old.get(..0).unwrap_or_default(),\n",
                )],
            ),
            proof(
                edge(
                    "organization::tests::domains::law_5_nobody_comes_in_as_more_than_who_saved_it_holds_and_never_as_an_admin",
                ),
                "who opens a domain holds what people come in as",
                &[edit(
                    "crates/core/src/issuer.rs",
                    "    gives_no_admin(grantor.policy(), role)?;\n    assignable(grantor, role)\n",
                    "    gives_no_admin(grantor.policy(), role)?;\n    crate::membership::fits(grantor, role, grantor.root())\n",
                )],
            ),
            proof(
                edge(
                    "organization::tests::ending::revived::law_5_who_brings_an_organization_back_holds_every_role_in_it",
                ),
                "what comes back is held by who brings it back",
                &[edit(
                    "crates/edge/src/organization/ending.rs",
                    "revive(was_admin, &granted, &owned)?;",
                    "revive(was_admin, &[], &owned)?;",
                )],
            ),
            proof(
                core_in(
                    "examples",
                    "partial::law_5_who_was_resolved_on_a_part_hands_out_nothing_on_the_rest",
                ),
                "what a giver does not see is not theirs to give",
                &[edit(
                    "crates/core/src/assignment.rs",
                    "let node = actor.node(&grant.node).ok_or(DelegationError::Unknown)?;\n        check(actor, role, node)",
                    "actor.node(&grant.node).map_or(Ok(()), |node| check(actor, role, node))",
                )],
            ),
            proof(
                core_in(
                    "examples",
                    "partial::law_5_what_the_organization_added_since_is_handed_out_by_nobody_of_before",
                ),
                "what was added since is not compared with before",
                &[edit(
                    "crates/core/src/delegate.rs",
                    "if added.is_empty() || added",
                    "if true || added",
                )],
            ),
            proof(
                edge(
                    "organization::tests::rules::law_5::law_5_an_allow_rule_gives_what_its_maker_holds",
                ),
                "what a rule gives is held by its maker",
                &[edit(
                    OWN_RULE,
                    "Some(new) => begins(actor, new).map_err(MembershipError::Delegation),",
                    "Some(new) => begins(actor, new).or(Ok(())),",
                )],
            ),
            proof(
                edge(
                    "organization::tests::rules::law_5::law_5_a_deny_rule_is_ended_and_loosened_by_who_holds_what_it_took",
                ),
                "what a rule took is held by who ends it",
                &[edit(
                    OWN_RULE,
                    "        ends(actor, old).map_err(MembershipError::Delegation)?;\n",
                    "        let _ = old;\n",
                )],
            ),
            proof(
                edge(
                    "organization::tests::rules::law_5::nobody_makes_a_deny_rule_that_they_could_not_take_back_or_that_binds_who_holds_more",
                ),
                "a deny rule can be taken back by its maker",
                &[edit(
                    OWN_RULE,
                    "if is_bound || ends(change.after, new).is_err() {",
                    "if is_bound && ends(change.after, new).is_err() {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::rules::law_5::law_7_no_rule_locks_an_organization_out_of_its_rules",
                ),
                "no rule takes what rules are managed by",
                &[edit(
                    OWN_RULE,
                    "Some(_) if is_kept =>",
                    "Some(_) if is_kept && false =>",
                )],
            ),
        ],
        running: &[],
    },
    Row {
        id: "M7",
        attack: "allowed after it was taken away",
        proofs: &[
            proof(
                edge(
                    "organization::tests::tokens::m7_no_stream_of_events_is_opened_by_a_token_that_is_only_remembered",
                ),
                "what opens a stream is checked then",
                &[
                    edit(
                        DECISIONS,
                        "    let caller = caller.confirm(call.edge).await?;\n    let subscribe",
                        "    let subscribe",
                    ),
                    edit(
                        DECISIONS,
                        "    caller.confirm_again(call.edge).await?;\n",
                        "",
                    ),
                ],
            ),
            proof(
                edge("organization::tests::audit::ended::m7_an_export_ends_with_its_credential"),
                "an export that goes on is checked again for each page",
                &[edit(
                    "crates/edge/src/routes/audit.rs",
                    "                self.caller.clone().confirm_again(&self.edge).await?;\n",
                    "",
                )],
            ),
            proof(
                edge("organization::tests::authzen::law_8_nobody_who_is_not_there_may_anything"),
                "who is asked about is somebody who is there",
                &[edit(
                    "crates/edge/src/organization/authzen.rs",
                    "if self.acts(id)? {",
                    "if true || self.acts(id)? {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::rules::rollout::an_isolate_of_before_reads_no_roles_under_a_deny_rule",
                ),
                "a reader of before there were rules refuses them",
                &[edit(
                    "crates/edge/src/organization/customization.rs",
                    "= if denies {",
                    "= if denies && false {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::rules::roles::a_deny_rule_for_a_role_that_the_policy_has_no_longer_binds_everybody_until_it_is_mended",
                ),
                "a deny rule for a role that is gone binds",
                &[edit(
                    "crates/core/src/custom.rs",
                    "if bound.len() < rule.roles.len() {",
                    "if bound.len() < rule.roles.len() && false {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::trials::revoked::m7_what_is_revoked_of_a_session_is_over",
                ),
                "what was said counts for the window only",
                &[edit(
                    FRESHNESS,
                    "(0..window_ms).contains(&age_ms) && at_least.is_none_or(|epoch| epoch <= self.epoch)",
                    "age_ms >= 0 && at_least.is_none_or(|epoch| epoch <= self.epoch)",
                )],
            ),
            proof(
                edge(
                    "organization::tests::trials::revoked::m7_what_is_revoked_of_a_service_key_is_over",
                ),
                "a sensitive question is put to the object every time",
                &[edit(
                    "crates/edge/src/routes/decisions.rs",
                    "        || is_sensitive\n",
                    "",
                )],
            ),
            proof(
                edge(
                    "organization::tests::trials::revoked::m7_what_is_revoked_of_a_personal_token_is_over",
                ),
                "a sensitive question asks the credential's object, too",
                &[edit(
                    "crates/edge/src/routes/decisions.rs",
                    "let actor = if is_sensitive {",
                    "let actor = if false {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::sensitive::m7_what_a_sensitive_permission_reads_asks_the_credentials_object",
                ),
                "what is sensitive is read by a credential that counts then",
                &[edit(
                    "crates/edge/src/organization.rs",
                    "if basis.is_remembered.get() && basis.is_sensitive.get() {",
                    "if false && basis.is_remembered.get() && basis.is_sensitive.get() {",
                )],
            ),
            proof(
                edge(
                    "organization::tests::authzen::revoked::m7_a_revoked_gateway_is_told_nothing_sensitive",
                ),
                "what is sensitive is told of anybody to a credential that counts then",
                &[edit(
                    "crates/edge/src/routes/authzen.rs",
                    "    if is_sensitive {\n        let fresh",
                    "    if is_sensitive && false {\n        let fresh",
                )],
            ),
            proof(
                edge(
                    "organization::tests::streams::m7_whatever_ends_a_key_or_an_issuer_ends_the_streams_that_it_may_have_opened",
                ),
                "the streams of a program end with its account",
                &[edit(
                    "crates/edge/src/organization/service_accounts.rs",
                    "Ok(change.finish(())?.ending(account))",
                    "change.finish(())",
                )],
            ),
            proof(
                edge(
                    "organization::tests::trials::epochs::no_check_is_answered_from_before_its_epoch",
                ),
                "an epoch that a caller brings is reached",
                &[edit(
                    FRESHNESS,
                    "(0..window_ms).contains(&age_ms) && at_least.is_none_or(|epoch| epoch <= self.epoch)",
                    "(0..window_ms).contains(&age_ms) && at_least.is_none_or(|epoch| epoch <= self.epoch || true)",
                )],
            ),
            proof(
                edge(
                    "organization::tests::trials::epochs::m7_no_credential_counts_from_before_an_epoch",
                ),
                "nor is a credential from before it",
                &[edit(
                    "crates/edge/src/router.rs",
                    "let at_least = freshness::at_least(request)?;",
                    "let at_least = None;",
                )],
            ),
            proof(
                edge(
                    "organization::tests::consistency::m7_nobody_holds_a_role_as_it_was_before_they_were_granted_it",
                ),
                "grants and roles are of one moment",
                &[edit(
                    "crates/edge/src/freshness/confirm.rs",
                    "if found.has_grants_of(freshness) && found.has_roles_of(freshness) {",
                    "if true {",
                )],
            ),
        ],
        running: &[],
    },
];

//! Decisions in words: one table of sentences with named placeholders, from which English is made and
//! in whose place a page can put its own.

use alloc::borrow::ToOwned;
use alloc::string::String;

use lockstep_core::{Access, Decision, DenyReason, Level, NodeId, RoleId, Source, Suggestion};

use crate::Tree;

/// For each code a sentence, and the parts of sentences. `{role}` is a role's name, `{node}` a place such
/// as "this workspace", `{grants}` the smallest grants that would be enough; `{fact}`, `{guard}`,
/// `{group}`, `{rule}`, `{feature}` and `{permission}` are ids.
const ENGLISH: [(&str, &str); 25] = [
    (
        "capped",
        "Your role {role} does not allow this anywhere in this organization.",
    ),
    ("denied-by-rule", "A rule of this organization denies this."),
    ("everyone", "Every member may do this."),
    ("expired", "Your role {role} in {node} has ended."),
    (
        "fact-missing",
        "This cannot be decided without knowing `{fact}`.",
    ),
    ("facts-unreadable", "The facts are not an object of facts."),
    ("granted", "Your role {role} in {node} allows this."),
    ("guard-failed", "This needs `{guard}`, which is not so."),
    ("no-grant", "This needs {grants}."),
    ("no-grant.none", "No role in this organization allows this."),
    (
        "no-membership",
        "You are not a member of this organization.",
    ),
    (
        "out-of-token-scope",
        "The token in use does not reach this far.",
    ),
    ("owned", "You own {node}."),
    ("plan", "The plan of this organization has no `{feature}`."),
    (
        "policy-unreadable",
        "The policy is not one that this gate reads.",
    ),
    (
        "snapshot-other-format",
        "The snapshot was written by a release with another format.",
    ),
    (
        "snapshot-other-policy",
        "The snapshot was made under another policy.",
    ),
    ("snapshot-unreadable", "The snapshot is damaged, or none."),
    (
        "unknown-permission",
        "The policy has no permission `{permission}`.",
    ),
    ("grants.or", " or "),
    ("grants.owner", "ownership of {node}"),
    ("grants.role", "the role {role} in {node}"),
    ("node.organization", "this organization"),
    ("node.project", "this project"),
    ("node.workspace", "this workspace"),
];

/// Sentences in English, or in the words of a page.
#[derive(Clone, Copy, Debug, Default)]
pub struct Sentences<'a>(Option<&'a Tree<'a>>);

impl<'a> Sentences<'a> {
    /// The sentences of `own`, a map from codes to texts with the placeholders of the English ones, such
    /// as `{"granted": "Deine Rolle {role} in {node} erlaubt das."}`. A text for one permission or rule
    /// stands under `guard-failed.<permission>`, `plan.<permission>` and `denied-by-rule.<rule>`.
    ///
    /// What is missing there, or names a placeholder that is not known, comes in English.
    #[must_use]
    pub const fn new(own: &'a Tree<'a>) -> Self {
        Self(Some(own))
    }

    /// The sentence for a code that has nothing to do with a decision.
    #[must_use]
    pub fn of_code(&self, code: &str, permission: &str) -> String {
        self.say(code, &|name| {
            (name == "permission").then(|| permission.to_owned())
        })
    }

    fn own(&self, code: &str) -> Option<&'a str> {
        self.0?.member(code)?.text()
    }

    fn say(&self, code: &str, value: &dyn Fn(&str) -> Option<String>) -> String {
        let english = || {
            let (_, text) = ENGLISH.iter().find(|(known, _)| *known == code)?;
            fill(text, value)
        };
        let own = self.own(code).and_then(|text| fill(text, value));
        own.or_else(english).unwrap_or_default()
    }
}

/// `template` with its placeholders filled; `None` when one is not known.
fn fill(template: &str, value: &dyn Fn(&str) -> Option<String>) -> Option<String> {
    let mut text = String::new();
    let mut parts = template.split('{');
    text.push_str(parts.next().unwrap_or_default());
    for part in parts {
        let (name, rest) = part.split_once('}')?;
        text.push_str(&value(name)?);
        text.push_str(rest);
    }
    Some(text)
}

/// One sentence in English that tells the person who asked why.
#[must_use]
pub fn sentence(access: &Access, decision: &Decision) -> String {
    sentence_in(access, decision, Sentences::default())
}

/// One sentence that tells the person who asked why, in the words of `sentences`.
pub(crate) fn sentence_in(
    access: &Access,
    decision: &Decision,
    sentences: Sentences<'_>,
) -> String {
    let speaker = Speaker { access, sentences };
    let policy = access.policy();
    let denial = match decision {
        Decision::Allow(allowance) => {
            let (code, role, node, group) = match &allowance.source {
                Source::Everyone => ("everyone", None, None, None),
                Source::Ownership(node) => ("owned", None, Some(*node), None),
                Source::Role { role, node, group } => {
                    ("granted", Some(*role), Some(*node), group.as_deref())
                }
            };
            return sentences.say(code, &|name| match name {
                "group" => group.map(ToOwned::to_owned),
                _ => speaker.part(name, role, node),
            });
        }
        Decision::Deny(denial) => denial,
    };
    let code = denial.reason.code();
    let described = policy.describe(denial.permission);
    let permission = described.map_or("", |permission| permission.id.as_str());
    let (role, node, id) = match &denial.reason {
        DenyReason::Capped { role } => (Some(*role), None, ""),
        DenyReason::Expired { role, node } => (Some(*role), Some(*node), ""),
        DenyReason::DeniedByRule { rule } => {
            let rule = policy.rule(*rule);
            (None, None, rule.map_or("", |rule| rule.id.as_str()))
        }
        DenyReason::FactMissing { fact: id }
        | DenyReason::GuardFailed { guard: id }
        | DenyReason::Plan { feature: id } => (None, None, id.as_str()),
        DenyReason::NoGrant if denial.suggestions.is_empty() => {
            return sentences.of_code("no-grant.none", permission);
        }
        DenyReason::NoGrant | DenyReason::NoMembership | DenyReason::OutOfTokenScope => {
            (None, None, "")
        }
    };
    // The policy's own sentence is about this very permission or rule: only another such one, in the
    // words of the page, says as much.
    let (because, about) = match &denial.reason {
        DenyReason::DeniedByRule { rule } => {
            let rule = policy.rule(*rule);
            (rule.map_or("", |rule| rule.because.as_str()), id)
        }
        DenyReason::GuardFailed { .. } | DenyReason::Plan { .. } => {
            let because = described.map_or("", |permission| permission.because.as_str());
            (because, permission)
        }
        _ => ("", permission),
    };
    let value = |name: &str| match name {
        "permission" => Some(permission.to_owned()),
        "grants" => Some(speaker.grants(&denial.suggestions)),
        "fact" | "guard" | "rule" | "feature" => Some(id.to_owned()),
        _ => speaker.part(name, role, node),
    };
    let own = sentences.own(&[code, about].join("."));
    match own.and_then(|text| fill(text, &value)) {
        Some(text) => text,
        None if because.is_empty() => sentences.say(code, &value),
        None => because.to_owned(),
    }
}

struct Speaker<'a> {
    access: &'a Access,
    sentences: Sentences<'a>,
}

impl Speaker<'_> {
    /// What a placeholder for a role or a place stands for.
    fn part(&self, name: &str, role: Option<RoleId>, node: Option<NodeId>) -> Option<String> {
        match name {
            "role" => {
                let role = self.access.policy().describe_role(role?)?;
                Some(role.name.clone())
            }
            "node" => Some(self.place(node?)),
            _ => None,
        }
    }

    fn grants(&self, suggestions: &[Suggestion]) -> String {
        let mut text = String::new();
        for suggestion in suggestions {
            if !text.is_empty() {
                text.push_str(&self.sentences.of_code("grants.or", ""));
            }
            let (code, role, node) = match suggestion {
                Suggestion::Ownership(node) => ("grants.owner", None, *node),
                Suggestion::Role(role, node) => ("grants.role", Some(*role), *node),
            };
            let grant = self
                .sentences
                .say(code, &|name| self.part(name, role, Some(node)));
            text.push_str(&grant);
        }
        text
    }

    fn place(&self, node: NodeId) -> String {
        let code = match self.access.describe(node).map(|node| node.level) {
            Some(Level::Workspace) => "node.workspace",
            Some(Level::Project) => "node.project",
            Some(Level::Organization) | None => "node.organization",
        };
        self.sentences.of_code(code, "")
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use lockstep_core::{Facts, Grant, Node, Record};

    use super::*;
    use crate::{DecisionView, compile_toml};

    const POLICY: &str = r#"
        id = "p"
        name = "P"
        [[roles]]
        id = "admin"
        name = "Admin"
        level = "organization"
        admin = true
        [[roles]]
        id = "editor"
        name = "Editor"
        level = "project"
        [[permissions]]
        id = "edit"
        level = "project"
        allow = ["admin", "editor"]
        [[permissions]]
        id = "drop"
        level = "project"
        allow = ["admin"]
        guard = [{ fact = "resource.empty", equals = true }]
        because = "Empty it first."
        [ownership]
        project = ["edit"]
    "#;

    /// What `role` is told about `permission`, in words of its own.
    #[track_caller]
    fn told(role: &str, permission: &str, facts: &Facts, own: Vec<(&str, &str)>) -> String {
        let policy = compile_toml(POLICY).unwrap().policy;
        let record = Record {
            nodes: vec![
                Node::organization("o"),
                Node::inside(Level::Project, "q", "o"),
            ],
            grants: vec![Grant::new(role, "o")],
            ..Record::default()
        };
        let access = Access::resolve(&policy, record, 0).unwrap();
        let own = own.into_iter().map(|(code, text)| (code, Tree::Text(text)));
        let own = Tree::Map(own.collect());
        let view =
            DecisionView::decide_in(&access, permission, "q", facts, Sentences::new(&own)).unwrap();
        view.reasons[0].text.clone()
    }

    #[test]
    fn a_page_puts_its_own_sentences_in_the_place_of_english() {
        let none = Facts::default();
        assert_eq!(
            told("admin", "edit", &none, vec![]),
            "Your role Admin in this organization allows this."
        );
        let own = vec![
            ("granted", "{role}, {node}: ja"),
            ("node.organization", "hier"),
        ];
        assert_eq!(told("admin", "edit", &none, own), "Admin, hier: ja");
        let own = vec![
            ("no-grant", "Nötig: {grants}"),
            ("grants.role", "{role} für {node}"),
            ("grants.or", " oder "),
            ("node.project", "dieses Projekt"),
        ];
        assert_eq!(
            told("gone", "edit", &none, own),
            "Nötig: Editor für dieses Projekt oder ownership of dieses Projekt"
        );
    }

    #[test]
    fn what_is_missing_or_not_known_comes_in_english() {
        let none = Facts::default();
        let english = "Your role Admin in this organization allows this.";
        for wrong in ["{grants} fehlt", "{rol}", "{role", "{}"] {
            assert_eq!(
                told("admin", "edit", &none, vec![("granted", wrong)]),
                english
            );
        }
        assert_eq!(
            told("admin", "edit", &none, vec![("owned", "Deins")]),
            english
        );
    }

    #[test]
    fn the_policys_own_sentence_gives_way_only_to_one_about_the_same() {
        let mut facts = Facts::default();
        facts.set("resource.empty", lockstep_core::Value::Bool(false));
        assert_eq!(told("admin", "drop", &facts, vec![]), "Empty it first.");
        let general = vec![("guard-failed", "Nein: {guard}")];
        assert_eq!(told("admin", "drop", &facts, general), "Empty it first.");
        let own = vec![("guard-failed.drop", "Erst leeren ({permission})!")];
        assert_eq!(told("admin", "drop", &facts, own), "Erst leeren (drop)!");
    }

    #[test]
    fn every_code_has_a_sentence_that_can_be_filled() {
        let known = [
            "role",
            "node",
            "grants",
            "fact",
            "guard",
            "feature",
            "permission",
        ];
        for (code, text) in ENGLISH {
            let value = |name: &str| known.contains(&name).then(|| name.to_owned());
            assert!(fill(text, &value).is_some(), "{code}");
        }
        for code in [
            "capped",
            "denied-by-rule",
            "expired",
            "fact-missing",
            "guard-failed",
            "no-grant",
            "no-membership",
            "out-of-token-scope",
            "plan",
            crate::SnapshotError::Damaged.code(),
            crate::SnapshotError::OtherFormat(9).code(),
            crate::SnapshotError::OtherPolicy.code(),
        ] {
            assert!(ENGLISH.iter().any(|(known, _)| *known == code), "{code}");
        }
    }
}

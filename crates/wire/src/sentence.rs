//! Decisions in words: one table of sentences with named placeholders, from which English is made and
//! in whose place a page can put its own.

use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{Access, Decision, Level, NodeId, RoleId, Suggestion};

use crate::bytes::{Reader, write_index, write_text};
use crate::reason::{About, Reason, parts};

/// For each code a sentence, and the parts of sentences. `{role}` is a role's name, `{node}` a place such
/// as "this workspace", `{grants}` the smallest grants that would be enough; `{fact}`, `{guard}`,
/// `{group}`, `{rule}`, `{feature}` and `{permission}` are ids.
const ENGLISH: [(&str, &str); 24] = [
    (
        "capped",
        "Your role {role} does not allow this anywhere in this organization.",
    ),
    ("denied-by-rule", "A rule of this organization denies this."),
    ("everyone", "Every member may do this."),
    ("expired", "Your role {role} in {node} has ended."),
    (
        "fact-missing",
        "This cannot be decided by what is known of `{fact}`.",
    ),
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
pub struct Sentences<'a>(&'a [u8]);

/// Writes what a placeholder stands for; whether it is known.
type Value<'a> = &'a dyn Fn(&str, &mut String) -> bool;

impl<'a> Sentences<'a> {
    /// The page's own sentences, by codes: a count, then for each one its code and its text, as
    /// [`Self::flat`] writes them; no bytes are none. A text has the placeholders of the English one, such
    /// as `Deine Rolle {role} in {node} erlaubt das.` for `granted`. A text for one permission or rule
    /// stands under `guard-failed.<permission>`, `plan.<permission>` and `denied-by-rule.<rule>`.
    ///
    /// What is missing there, or names a placeholder that is not known, comes in English.
    #[must_use]
    pub const fn new(own: &'a [u8]) -> Self {
        Self(own)
    }

    /// Sentences by their codes in bytes, for [`Self::new`].
    #[must_use]
    pub fn flat(own: &[(&str, &str)]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write_index(own.len(), &mut bytes);
        for (code, text) in own {
            write_text(code, &mut bytes);
            write_text(text, &mut bytes);
        }
        bytes
    }

    /// The sentence for a code that has nothing to do with a decision.
    #[must_use]
    pub fn of_code(&self, code: &str, permission: &str) -> String {
        let mut text = String::new();
        self.say_code(code, permission, &mut text);
        text
    }

    fn say_code(&self, code: &str, permission: &str, text: &mut String) {
        self.say(
            code,
            &|name, text| {
                text.push_str(permission);
                name == "permission"
            },
            text,
        );
    }

    /// The page's own text under `code`, or under `code.of` when `of` is not empty.
    fn own(&self, code: &str, of: &str) -> Option<&'a str> {
        let mut reader = Reader::new(self.0);
        let mut left = reader.count(usize::MAX);
        while reader.more(&mut left) {
            let name = reader.text();
            let text = reader.text();
            let rest = name.strip_prefix(code);
            let is_it = if of.is_empty() {
                rest == Some("")
            } else {
                rest.and_then(|rest| rest.strip_prefix('.')) == Some(of)
            };
            if is_it && reader.rest().is_some() {
                return Some(text);
            }
        }
        None
    }

    /// Adds the sentence for `code` to `text`.
    fn say(&self, code: &str, value: Value<'_>, text: &mut String) {
        if self.own(code, "").is_some_and(|own| fill(own, value, text)) {
            return;
        }
        for (known, english) in &ENGLISH {
            if *known == code {
                fill(english, value, text);
            }
        }
    }
}

/// Adds `template` with its placeholders filled to `text`; nothing when one is not known.
fn fill(template: &str, value: Value<'_>, text: &mut String) -> bool {
    let start = text.len();
    let mut rest = template;
    while let Some((plain, behind)) = split(rest, b'{') {
        text.push_str(plain);
        let is_filled = split(behind, b'}').is_some_and(|(name, behind)| {
            rest = behind;
            value(name, text)
        });
        if !is_filled {
            text.truncate(start);
            return false;
        }
    }
    text.push_str(rest);
    true
}

/// What lies before and behind the first `mark`, which is ASCII.
fn split(text: &str, mark: u8) -> Option<(&str, &str)> {
    let at = text.bytes().position(|byte| byte == mark)?;
    Some((text.get(..at)?, text.get(at + 1..)?))
}

/// One sentence in English that tells the person who asked why.
#[must_use]
pub fn sentence(access: &Access, decision: &Decision) -> String {
    Reason::new(access, decision).text(access, Sentences::default())
}

impl Reason<'_> {
    /// One sentence that tells the person who asked why, in the words of `sentences`.
    pub(crate) fn text(&self, access: &Access, sentences: Sentences<'_>) -> String {
        let mut text = String::new();
        let speaker = Speaker { access, sentences };
        let is_denied = !matches!(self.code, "everyone" | "granted" | "owned");
        let code = match self.code {
            "no-grant" if self.grants.is_empty() => {
                return sentences.of_code("no-grant.none", self.permission);
            }
            code => code,
        };
        let value = |name: &str, text: &mut String| {
            let id = match (name, self.about) {
                ("permission", _) if is_denied => self.permission,
                ("grants", _) if is_denied => {
                    speaker.grants(self.grants, text);
                    return true;
                }
                ("group", Some((About::Group, id))) => id,
                ("fact" | "guard" | "rule" | "feature", about) if is_denied => {
                    about.map_or("", |(_, id)| id)
                }
                _ => return speaker.part(name, self.role, self.node, text),
            };
            text.push_str(id);
            true
        };
        // The policy's own sentence is about this very permission or rule: only another such one, in the
        // words of the page, says as much.
        let of = match self.about {
            Some((About::Rule, id)) => id,
            _ => self.permission,
        };
        let own = sentences.own(code, of).filter(|_| is_denied);
        if !own.is_some_and(|own| fill(own, &value, &mut text)) {
            if self.because.is_empty() {
                sentences.say(code, &value, &mut text);
            } else {
                text.push_str(self.because);
            }
        }
        text
    }
}

struct Speaker<'a> {
    access: &'a Access,
    sentences: Sentences<'a>,
}

impl Speaker<'_> {
    /// Writes what a placeholder for a role or a place stands for.
    fn part(
        &self,
        name: &str,
        role: Option<RoleId>,
        node: Option<NodeId>,
        text: &mut String,
    ) -> bool {
        let role = role.and_then(|role| self.access.policy().describe_role(role));
        match (name, role, node) {
            ("role", Some(role), _) => text.push_str(&role.name),
            ("node", _, Some(node)) => self.place(node, text),
            _ => return false,
        }
        true
    }

    fn grants(&self, suggestions: &[Suggestion], text: &mut String) {
        for (at, suggestion) in suggestions.iter().enumerate() {
            if at > 0 {
                self.sentences.say_code("grants.or", "", text);
            }
            let (role, node) = parts(*suggestion);
            let code = if role.is_some() {
                "grants.role"
            } else {
                "grants.owner"
            };
            let value = |name: &str, text: &mut String| self.part(name, role, Some(node), text);
            self.sentences.say(code, &value, text);
        }
    }

    fn place(&self, node: NodeId, text: &mut String) {
        let code = match self.access.describe(node).map(|node| node.level) {
            Some(Level::Workspace) => "node.workspace",
            Some(Level::Project) => "node.project",
            Some(Level::Organization) | None => "node.organization",
        };
        self.sentences.say_code(code, "", text);
    }
}

#[cfg(test)]
mod tests {
    use alloc::vec;
    use alloc::vec::Vec;

    use lockstep_core::{Facts, Grant, Node, Record};

    use super::*;
    use crate::{DecisionView, compile_toml, decision_json};

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
        let own = Sentences::flat(&own);
        let json = decision_json(&access, permission, "q", facts, Sentences::new(&own)).unwrap();
        let view: DecisionView = serde_json::from_str(&json).unwrap();
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
            let value = |name: &str, _: &mut String| known.contains(&name);
            assert!(fill(text, &value, &mut String::new()), "{code}");
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

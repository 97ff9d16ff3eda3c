//! The kinds of steps: every route that changes something, each with a form in which chance fills the blanks.

use std::sync::LazyLock;

use crate::http::Method;

/// Who may take such a step.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum By {
    /// Anybody by any credential, most of the time somebody who has a say.
    Anybody,
    /// Whoever the step itself is about: it is drawn by code of its own.
    Named,
    /// The deployment's operator.
    Operator,
    /// Who has signed in: it is about their own.
    SignedIn,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Kind {
    pub(super) name: &'static str,
    pub(super) by: By,
    pub(super) method: Method,
    /// Below the organization, or from the root on where it begins with `/v1/`; `.` is the organization itself.
    pub(super) path: &'static str,
    pub(super) body: &'static str,
}

/// Those that need what no route makes: grants on projects are imported.
pub(super) const NEVER: &[&str] = &["revoke-project"];

/// Those by which somebody hands something out, which come more often.
pub(super) const GIVING: [&str; 22] = [
    "accept",
    "account-create",
    "account-edit",
    "allow",
    "change-role",
    "grant",
    "group-add",
    "group-drop",
    "group-grant",
    "invite",
    "invite-into",
    "issuer-create",
    "key-create",
    "key-rotate",
    "link-create",
    "link-join",
    "own",
    "project-give",
    "project-move",
    "resume",
    "role-edit",
    "rule-delete",
];

/// A line for each, as name, who takes it, method, path and body; what a `$word` is, [`super::draw`] says.
pub(super) static KINDS: LazyLock<Vec<Kind>> = LazyLock::new(|| {
    let lines = include_str!("kinds.txt").lines();
    let kinds = lines.filter(|line| !line.starts_with('#'));
    kinds.map(read).collect()
});

pub(super) fn named(name: &str) -> &'static Kind {
    KINDS.iter().find(|kind| kind.name == name).expect(name)
}

/// What has to be done before there is anything that `kind` could be about.
pub(super) fn before(kind: &Kind) -> Option<&'static Kind> {
    let made = [
        ("$account", "account-create"),
        ("$delivery", "webhook-create"),
        ("$domain", "domain-claim"),
        ("$grouped", "group-add"),
        ("$group", "group-create"),
        ("$elsewhere", "workspace-create"),
        ("$granted", "grant"),
        ("$invitation", "invite"),
        ("$issuer", "issuer-create"),
        ("$kept", "setting-put"),
        ("$key", "key-create"),
        ("$link", "link-create"),
        ("$node", "project-create"),
        ("$own", "role-create"),
        ("$project", "project-create"),
        ("$rule", "deny"),
        ("$shared", "group-grant"),
        ("$suspended", "suspend"),
        ("$token", "token-create"),
        ("$webhook", "webhook-create"),
        ("$workspace", "workspace-create"),
    ];
    let is_blank = |(word, first): &&(&str, &str)| {
        kind.name != *first
            && [kind.path, kind.body]
                .iter()
                .any(|form| form.contains(word))
    };
    match kind.name {
        "domain-join" => Some(named("domain-prove")),
        "link-join" => Some(named("link-create")),
        _ => made.iter().find(is_blank).map(|(_, first)| named(first)),
    }
}

fn read(line: &'static str) -> Kind {
    let mut parts = line.splitn(5, ' ');
    let [name, by, method, path] = [(); 4].map(|()| parts.next().unwrap());
    Kind {
        name,
        by: match by {
            "anybody" => By::Anybody,
            "named" => By::Named,
            "operator" => By::Operator,
            "signed-in" => By::SignedIn,
            other => panic!("{line}: {other}"),
        },
        method: Method::from_name(method),
        path,
        body: parts.next().unwrap_or_default(),
    }
}

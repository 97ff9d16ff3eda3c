//! What a command is about: what the log calls it, and the id of what it is done to.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::ApiError;

/// What a command is about, read from the command itself; where that does not say it, its [reply](crate::objects::Reply::about) does.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    action: String,
    target: Option<String>,
}

/// The members of a command that say what it is about, where none is called as its part of the house is; the first that is there counts.
const TARGETS: [&str; 18] = [
    "webhook",
    "domain",
    "invitation",
    "again",
    "link",
    "key",
    "token",
    "account",
    "group",
    "setting",
    "user",
    "project",
    "workspace",
    "node",
    "issuer",
    "role",
    "rule",
    "id",
];

impl About {
    /// The command's name, and the id of what it names.
    ///
    /// # Errors
    /// When the command cannot be written, which is a fault.
    pub fn of(command: &impl Serialize) -> Result<Self, ApiError> {
        let written = serde_json::to_value(command)
            .map_err(|error| ApiError::internal(format!("command cannot be written: {error}")))?;
        let mut names = Vec::new();
        let members = open(&written, &mut names);
        let action = names.join(".").replace('_', "-");
        let target = members.and_then(|members| target(&names, members));
        Ok(Self { action, target })
    }

    /// The same about `target`, which only who did it knows.
    #[must_use]
    pub fn at(&self, target: &str) -> Self {
        Self {
            action: self.action.clone(),
            target: Some(target.to_owned()),
        }
    }

    /// What was done, by its name.
    #[must_use]
    pub fn action(&self) -> &str {
        &self.action
    }

    /// The id of what it was done to; absent when that is the object itself.
    #[must_use]
    pub fn target(&self) -> Option<&str> {
        self.target.as_deref()
    }

    /// What no command did.
    pub(super) fn named(action: &str) -> Self {
        Self {
            action: action.to_owned(),
            target: None,
        }
    }
}

/// What a command says that it is about: what its part of the house is named after comes first, so a project that somebody is given is told as the project.
fn target(names: &[&str], members: &Map<String, Value>) -> Option<String> {
    let house = names.first().filter(|name| TARGETS.contains(name));
    let mut named = house.into_iter().chain(&TARGETS);
    let target = named.find_map(|name| id(members.get(*name)?))?;
    let place = members.get("workspace").and_then(Value::as_str);
    // A setting has no id: its name is one in its place.
    Some(match place.filter(|_| members.contains_key("setting")) {
        Some(place) => format!("{place}/{target}"),
        None => target.to_owned(),
    })
}

/// An id, or that of what is made, or sent again.
fn id(member: &Value) -> Option<&str> {
    let inner = || member.get("id").or_else(|| member.get("invitation"));
    member.as_str().or_else(|| inner()?.as_str())
}

/// Collects the names of a command, the outer one first; answers its members.
fn open<'a>(command: &'a Value, names: &mut Vec<&'a str>) -> Option<&'a Map<String, Value>> {
    let tagged = command.as_object().and_then(|tagged| tagged.iter().next());
    let Some((name, inner)) = tagged else {
        // A command without members is its name.
        names.extend(command.as_str());
        return None;
    };
    names.push(name);
    let members = inner.as_object().or_else(|| open(inner, names))?;
    if let Some(command) = members.get("command") {
        // What groups commands is no name of what was done.
        names.pop();
        return open(command, names);
    }
    // There is a name for what it is done to and one for what is done: what comes then is a member.
    let is_name = |(name, inner): (&String, &Value)| name != "actor" && inner.is_object();
    if names.len() < 2 && members.len() == 1 && members.iter().all(is_name) {
        return open(inner, names);
    }
    Some(members)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::About;

    #[test]
    fn a_command_says_what_it_is_about() {
        let read = |command| {
            let about = About::of(&command).unwrap();
            (about.action, about.target)
        };
        let known = |action: &str, target: &str| (action.to_owned(), Some(target.to_owned()));
        assert_eq!(read(json!("list_tokens")), ("list-tokens".to_owned(), None));
        let command =
            json!({ "change_role": { "actor": { "user": "a" }, "user": "b", "role": "c" } });
        assert_eq!(read(command), known("change-role", "b"));
        let inner = json!({ "node_member": { "set_all": { "node": "n", "rows": [] } } });
        let command = json!({ "structure": { "actor": { "user": "a" }, "command": inner } });
        assert_eq!(read(command), known("node-member.set-all", "n"));
        let of = |command| json!({ "change": { "actor": {}, "command": command } });
        let key = json!({ "account": "a", "key": { "id": "k", "hash": "h" } });
        let command = of(json!({ "service_key": { "create": key } }));
        assert_eq!(read(command), known("service-key.create", "k"));
        let command = of(json!({ "project": { "transfer": { "project": "p", "user": "u" } } }));
        assert_eq!(read(command), known("project.transfer", "p"));
        for (workspace, target) in [(json!("w"), "w/main"), (json!(null), "main")] {
            let setting = json!({ "workspace": workspace, "setting": "main" });
            let command = of(json!({ "setting": { "delete": setting } }));
            assert_eq!(read(command), known("setting.delete", target));
        }
        // What an organization has is not what it is done to.
        let command = json!({ "plan": { "set": { "operator": null, "plan": "full" } } });
        assert_eq!(read(command), ("plan.set".to_owned(), None));
        let again = json!({ "actor": {}, "again": { "invitation": "i", "nonce": "n" } });
        let command = json!({ "resend_invitation": again });
        assert_eq!(read(command), known("resend-invitation", "i"));
        let command = json!({ "structure": { "actor": {}, "command": { "workspace": "list" } } });
        assert_eq!(read(command), ("workspace.list".to_owned(), None));
    }
}

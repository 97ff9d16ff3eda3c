//! What a command is about: what the log calls it, and the id of what it is done to.

use serde::Serialize;
use serde_json::{Map, Value};

use crate::problem::ApiError;

/// What a command is about, read from the command itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct About {
    action: String,
    target: Option<String>,
}

/// The members of a command that say what it is about; the first that is there counts.
const TARGETS: [&str; 17] = [
    "webhook",
    "domain",
    "invitation",
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
        let target = TARGETS
            .iter()
            .find_map(|name| members?.get(*name)?.as_str());
        Ok(Self {
            action,
            target: target.map(str::to_owned),
        })
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
        let command = json!({ "structure": { "actor": {}, "command": { "workspace": "list" } } });
        assert_eq!(read(command), ("workspace.list".to_owned(), None));
    }
}

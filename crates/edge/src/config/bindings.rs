//! What the Worker is bound to: variables and secrets, and what else it counts on.

use std::cell::RefCell;

use super::{Config, ConfigError, MailTransport};
use crate::objects::Class;

/// The `send_email` binding in wrangler.toml; mail that leaves by it needs it.
pub const MAIL: &str = "MAIL";
/// The KV namespace in wrangler.toml.
pub const GRANTS: &str = "GRANTS";

/// What a name is bound to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Binding {
    /// A variable or a secret.
    Text(String),
    /// A namespace, a class, a sender; or a variable that is a number, a truth value, an array or an object.
    Other,
}

impl Config {
    /// Reads the configuration, and sees that what it counts on is there; `bound` says what a name is bound to.
    ///
    /// # Errors
    /// As [`Self::parse`], and for a variable that is no text: read as absent, it would be the default without a word. When a binding is missing.
    pub fn of_bindings(bound: impl Fn(&str) -> Option<Binding>) -> Result<Self, ConfigError> {
        let no_text = RefCell::new(None);
        let parsed = Self::parse(|name| match bound(name)? {
            Binding::Text(text) => Some(text),
            Binding::Other => {
                no_text.borrow_mut().get_or_insert_with(|| name.to_owned());
                None
            }
        });
        if let Some(name) = no_text.into_inner() {
            return Err(ConfigError::NoText(name));
        }
        let config = parsed?;
        let mail = matches!(config.mail, MailTransport::Binding(Some(_))).then_some(MAIL);
        let classes = Class::ALL.map(Class::binding);
        let mut needed = classes.into_iter().chain([GRANTS]).chain(mail);
        match needed.find(|name| bound(name) != Some(Binding::Other)) {
            Some(name) => Err(ConfigError::Unbound(name)),
            None => Ok(config),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WRANGLER: &str = include_str!("../../../../wrangler.toml");
    const FROM: (&str, &str) = ("LOCKSTEP_MAIL_FROM", "us@example.com");

    /// A deployment with all that it needs, but for what `change` says of a name.
    fn config(change: impl Fn(&str) -> Option<Option<Binding>>) -> Result<Config, ConfigError> {
        Config::of_bindings(|name| {
            change(name).unwrap_or_else(|| match name {
                "LOCKSTEP_ORIGIN" => Some(Binding::Text("https://app.example".to_owned())),
                "LOCKSTEP_ID_KEY" => Some(Binding::Text("A".repeat(43))),
                name if name.starts_with("LOCKSTEP_") => None,
                _ => Some(Binding::Other),
            })
        })
    }

    #[test]
    fn a_variable_that_is_no_text_stops_the_deployment() {
        assert!(config(|_| None).is_ok());
        for line in include_str!("../../../../README.md").lines() {
            let Some(row) = line.strip_prefix("| `LOCKSTEP_") else {
                continue;
            };
            let names = row.split('|').next().unwrap().split('`').step_by(2);
            for name in names.filter(|name| name.contains(char::is_alphabetic)) {
                let name = format!("LOCKSTEP_{}", name.trim_start_matches("LOCKSTEP_"));
                // What only a provider needs is read where there is one.
                let http = |asked: &str| {
                    let is_provided =
                        name.starts_with("LOCKSTEP_MAIL_") && asked == "LOCKSTEP_MAIL";
                    is_provided.then(|| Some(Binding::Text("http".to_owned())))
                };
                let url = |asked: &str| {
                    let is_url = name == "LOCKSTEP_MAIL_KEY" && asked == "LOCKSTEP_MAIL_URL";
                    is_url.then(|| Some(Binding::Text("https://mail.example/".to_owned())))
                };
                let wrong = |asked: &str| {
                    let own = (asked == name).then_some(Some(Binding::Other));
                    own.or_else(|| http(asked)).or_else(|| url(asked))
                };
                let refused = config(wrong).unwrap_err();
                assert_eq!(refused, ConfigError::NoText(name.clone()), "{refused}");
            }
        }
    }

    #[test]
    fn what_is_counted_on_is_bound() {
        let from = |name: &str| {
            let is_from = name == FROM.0;
            is_from.then(|| Some(Binding::Text(FROM.1.to_owned())))
        };
        assert!(config(from).is_ok());
        let classes = Class::ALL.map(Class::binding);
        for missing in classes.into_iter().chain([GRANTS, MAIL]) {
            for instead in [None, Some(Binding::Text("text".to_owned()))] {
                let wrong = |name: &str| from(name).or((name == missing).then(|| instead.clone()));
                let refused = config(wrong).unwrap_err();
                assert_eq!(refused, ConfigError::Unbound(missing));
            }
        }
        let unsent = |name: &str| (name == MAIL).then_some(None);
        assert!(config(unsent).is_ok(), "no sender, no mail");
    }

    /// A class that is missing in the list would not be looked for.
    #[test]
    fn every_class_of_wrangler_toml_is_counted_on() {
        let bound = WRANGLER.lines().filter_map(|line| {
            let (name, class) = line.trim().strip_prefix("{ name = \"")?.split_once('"')?;
            class.contains("class_name").then_some(name)
        });
        let mut bound: Vec<&str> = bound.collect();
        let mut known = Class::ALL.map(Class::binding).to_vec();
        bound.sort_unstable();
        known.sort_unstable();
        assert_eq!(bound, known);
        assert!(WRANGLER.contains(&format!("binding = \"{GRANTS}\"")));
        assert!(WRANGLER.contains(&format!("name = \"{MAIL}\"")));
    }

    /// A Worker cannot see to which address a name leads: `lockstep_token::uri` looks at the text, and the runtime at the rest.
    #[test]
    fn j4_the_runtime_fetches_from_the_public_network_alone() {
        let flags = WRANGLER
            .lines()
            .find_map(|line| line.strip_prefix("compatibility_flags = "));
        assert!(flags.is_some_and(|flags| flags.contains("\"global_fetch_strictly_public\"")));
    }
}

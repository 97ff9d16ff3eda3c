//! Slugs: names of organizations in addresses, each taken once in the deployment.
//!
//! Which slug is taken is one fact, so one object has it: that of the slug, named by its [`skeleton`](Slug::skeleton), which look-alikes share. It knows who reserved it and until when.
//! Who holds it for good is the organization's to say, in the transaction in which it takes the slug; so nothing has to be confirmed and nothing released. A reservation that is over counts for nothing once its organization says that it holds no such slug; and an organization takes none whose reservation is over, so that this answer stays true.
//! An organization holds what it took until nothing is left of it, also under another name.

use serde::{Deserialize, Serialize};

use crate::{
    objects::{self, Class, Context, Object, Reply},
    problem::{ApiError, Code},
};

/// Shortest slug, in characters.
const CHARS_MIN: usize = 3;
/// Longest slug, in characters.
const CHARS_MAX: usize = 40;
/// How long a reservation counts, in milliseconds.
const RESERVED_MS: i64 = 600_000;
/// How much longer it keeps others out, in milliseconds: clocks differ, but not by that.
const SLACK_MS: i64 = 600_000;
/// What would pass for the deployment itself.
const RESERVED: [&str; 40] = [
    "about",
    "abuse",
    "access",
    "account",
    "admin",
    "administrator",
    "api",
    "app",
    "assets",
    "auth",
    "billing",
    "console",
    "dashboard",
    "dev",
    "docs",
    "help",
    "internal",
    "invitations",
    "legal",
    "lockstep",
    "login",
    "logout",
    "mail",
    "null",
    "oauth",
    "official",
    "operator",
    "organizations",
    "owner",
    "policy",
    "postmaster",
    "root",
    "security",
    "settings",
    "sign-in",
    "sign-up",
    "static",
    "status",
    "support",
    "www",
];

/// A slug: 3 to 40 lower-case letters and digits with single hyphens between them, the first one a letter.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Slug(String);

impl Slug {
    /// Reads one.
    ///
    /// # Errors
    /// 400 `invalid-value` for another form, or one that would pass for the deployment itself.
    pub fn parse(text: &str) -> Result<Self, ApiError> {
        let is_plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
        let has_form = (CHARS_MIN..=CHARS_MAX).contains(&text.len())
            && text.chars().all(is_plain)
            && text.starts_with(|c: char| c.is_ascii_lowercase())
            && !text.ends_with('-')
            && !text.contains("--");
        if !has_form {
            let detail = format!(
                "A slug is {CHARS_MIN} to {CHARS_MAX} lower-case letters and digits, with single hyphens between them and a letter in front."
            );
            return Err(ApiError::new(Code::InvalidValue, detail));
        }
        let slug = Self(text.to_owned());
        let skeleton = slug.skeleton();
        if RESERVED.iter().any(|word| skeleton_of(word) == skeleton) {
            let detail = "This slug would pass for the service itself.";
            return Err(ApiError::new(Code::InvalidValue, detail));
        }
        Ok(slug)
    }

    /// The slug as it is written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// What it has in common with all that look like it.
    #[must_use]
    pub fn skeleton(&self) -> String {
        skeleton_of(&self.0)
    }
}

fn skeleton_of(slug: &str) -> String {
    let alike = |c: char| match c {
        '0' => 'o',
        '1' | 'i' => 'l',
        '5' => 's',
        '8' => 'b',
        c => c,
    };
    let plain: String = slug.chars().filter(|c| *c != '-').map(alike).collect();
    plain
        .replace("vv", "w")
        .replace("rn", "m")
        .replace("cl", "d")
}

/// The object of one slug and all that look like it.
#[derive(Debug, Clone, Copy)]
pub struct SlugObject;

/// What may be asked of it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Command {
    /// Who may hold it; answers the organization's id.
    Holder,
    /// Reserves it for an organization; answers [`Reserved`].
    Reserve {
        /// The organization.
        organization: String,
        /// An organization that has said that it holds no such slug.
        displaced: Option<String>,
    },
}

/// The answer to [`Command::Reserve`].
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Reserved {
    /// The organization may take it.
    Until {
        /// From when on it may not any more, in Unix milliseconds.
        at_ms: i64,
    },
    /// Another one may hold it.
    Taken {
        /// Its id.
        organization: String,
        /// Whether it is for that organization to say: its reservation is over.
        is_over: bool,
    },
}

impl objects::Command for Command {
    fn is_birth(&self) -> bool {
        matches!(self, Self::Reserve { .. })
    }

    fn is_idempotent(&self) -> bool {
        true
    }
}

impl Object for SlugObject {
    type Command = Command;

    const CLASS: Class = Class::Slug;

    const MIGRATIONS: &'static [&'static str] = &["
        CREATE TABLE reservation (
            one INTEGER PRIMARY KEY CHECK (one = 1),
            organization TEXT NOT NULL,
            until_ms INTEGER NOT NULL
        ) STRICT;
    "];

    fn handle(context: &Context<'_>, command: Command) -> Result<Reply, ApiError> {
        let select = "SELECT organization, until_ms FROM reservation";
        let row = context.sql.one(select, &[])?;
        match command {
            Command::Holder => {
                let row = row.ok_or_else(ApiError::not_found)?;
                Reply::of(&row.text("organization")?)
            }
            Command::Reserve {
                organization,
                displaced,
            } => {
                if let Some(row) = row {
                    let holder = row.text("organization")?;
                    let end_ms = row.integer("until_ms")?.saturating_add(SLACK_MS);
                    let is_over = context.now_ms >= end_ms;
                    let gives_way = is_over && displaced.as_deref() == Some(holder);
                    if holder != organization && !gives_way {
                        return Reply::of(&Reserved::Taken {
                            organization: holder.to_owned(),
                            is_over,
                        });
                    }
                }
                let at_ms = context.now_ms.saturating_add(RESERVED_MS);
                let reserve = "INSERT INTO reservation (one, organization, until_ms) VALUES (1, ?, ?)
                    ON CONFLICT (one) DO UPDATE SET organization = excluded.organization, until_ms = excluded.until_ms";
                context
                    .sql
                    .exec(reserve, &[organization.into(), at_ms.into()])?;
                Reply::of(&Reserved::Until { at_ms })
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_one_form_and_passes_for_nothing_of_ours() {
        for slug in [
            "acme",
            "acme-2",
            "a1b",
            "north-lab-of-acme",
            &"a".repeat(40),
        ] {
            assert_eq!(Slug::parse(slug).unwrap().as_str(), slug);
        }
        for slug in [
            "",
            "ab",
            "Acme",
            "acme_2",
            "-acme",
            "acme-",
            "ac--me",
            "1acme",
            "ac me",
            "acm\u{e9}",
            "\u{430}cme",
            "acme.",
            "acme/x",
            &"a".repeat(41),
            "admin",
            "adm1n",
            "api-",
            "log-in",
            "l0gin",
            "support",
            "5upport",
            "www",
            "vvvvvv",
            "0auth",
            "oauth",
            "signin",
        ] {
            assert!(Slug::parse(slug).is_err(), "{slug}");
        }
    }

    #[test]
    fn look_alikes_have_one_skeleton_and_others_have_not() {
        let skeleton = |slug: &str| Slug::parse(slug).unwrap().skeleton();
        for (one, other) in [
            ("acme", "acrne"),
            ("acme", "ac-me"),
            ("google-llc", "g00gle-iic"),
            ("willow", "vvi11ow"),
            ("basics", "ba5ic5"),
            ("delta", "clelta"),
        ] {
            assert_eq!(skeleton(one), skeleton(other), "{one} {other}");
        }
        for (one, other) in [("acme", "acne"), ("north", "south"), ("lab-one", "lab-two")] {
            assert_ne!(skeleton(one), skeleton(other));
        }
    }
}

//! What chance fills the blanks of a step with: mostly what is there, so that much of it is done.

use serde_json::json;

use super::{
    asked::Asked,
    cast::{Cast, Who},
    kinds::{By, Kind},
    picture::Picture,
};
use crate::{http::Method, sql::Sql, testing::Dice};

const ROLES: [&str; 6] = ["owner", "admin", "admin", "member", "member", "view-only"];
const WORKSPACE_ROLES: [&str; 6] = [
    "workspace-admin",
    "workspace-admin",
    "editor",
    "annotator",
    "restricted",
    "viewer",
];
/// What most people hold somewhere.
const USUAL: [&str; 6] = [
    "workspace.read",
    "project.read",
    "data.read",
    "data.create",
    "run.create",
    "member.read",
];
const HOUR_MS: i64 = 3_600_000;

/// One step's chance.
pub(super) struct Draw<'a> {
    pub(super) cast: &'a Cast,
    pub(super) dice: &'a Dice,
    pub(super) picture: &'a Picture,
    pub(super) who: &'a Who,
}

impl Draw<'_> {
    /// The request of that kind; `None` where there is nothing that it could be about.
    pub(super) fn request(&self, kind: &Kind) -> Option<Asked> {
        let path = self.fill(kind.path)?;
        let (path, query) = path.split_once('?').unwrap_or((&path, ""));
        let path = path.trim_start_matches('.');
        let path = if path.starts_with("/v1/") {
            path.to_owned()
        } else {
            self.cast.acme.path(path)
        };
        let body = self.fill(kind.body)?;
        Some(Asked::write(kind.method, &path, &body).with_query(query))
    }

    fn fill(&self, form: &str) -> Option<String> {
        let mut parts = form.split('$');
        let mut filled = parts.next().unwrap_or_default().to_owned();
        for part in parts {
            let end = part.find(|c: char| !c.is_ascii_lowercase() && c != '-');
            let (word, rest) = part.split_at(end.unwrap_or(part.len()));
            filled.push_str(&self.word(word)?);
            filled.push_str(rest);
        }
        Some(filled)
    }

    fn word(&self, word: &str) -> Option<String> {
        let dice = self.dice;
        Some(match word {
            "n" => dice.below(1_000).to_string(),
            "few" => (1 + dice.below(4)).to_string(),
            "bool" => dice.happens(600).to_string(),
            "rarely" => dice.happens(200).to_string(),
            "life" => (60 + dice.below(600_000)).to_string(),
            "lifetime" => (*dice.one_of(&["null", "null", "31536000", "86400"])).to_owned(),
            "name" => self.picture.name.replace(' ', "%20"),
            "org" => self.picture.id.clone(),
            "self" => self.who.principal.clone(),
            "email" => dice.one_of(&self.cast.people).email.clone(),
            "role" => (*dice.one_of(&ROLES)).to_owned(),
            "plain" => (*dice.one_of(&ROLES[2..])).to_owned(),
            "role-or-null" => {
                (*dice.one_of(&["null", "\"member\"", "\"view-only\"", "\"admin\""])).to_owned()
            }
            "base" => (*dice.one_of(&WORKSPACE_ROLES)).to_owned(),
            "wrole" if dice.happens(700) => (*dice.one_of(&WORKSPACE_ROLES)).to_owned(),
            "wrole" => self.word("own").unwrap_or_else(|| "editor".to_owned()),
            "any-role" if dice.happens(300) => self.word("role")?,
            "any-role" => self.word("wrole")?,
            "perm" => self.permission(),
            "when" => self.condition(),
            "user" if dice.happens(250) => dice.one_of(&self.cast.people).user.clone(),
            "user" => self.one("SELECT user AS id FROM member WHERE left_at_ms IS NULL")?,
            "home" => self.optional("workspace", "workspace"),
            "place" if dice.happens(500) => String::new(),
            "place" => format!("/workspaces/{}", self.word("workspace")?),
            "window" => self.window(),
            "account-grant" => self.account_grant()?,
            "limits" => format!("{}{}", self.scopes(), self.optional("node", "node")),
            "token-limits" => format!("{}{}", self.scopes(), self.subtree()),
            "issuer-body" => dice
                .one_of(&self.cast.idps)
                .body(Some(*dice.one_of(&ROLES[2..])))
                .to_string(),
            "token" => {
                let own = self
                    .cast
                    .secrets
                    .iter()
                    .filter(|secret| secret.principal == self.who.principal);
                let own: Vec<_> = own.collect();
                (!own.is_empty()).then(|| dice.one_of(&own).id.clone())?
            }
            stored => self.one(select(stored))?,
        })
    }

    /// One of those that a SELECT finds.
    pub(super) fn one(&self, select: &str) -> Option<String> {
        let sql = self.cast.acme.database();
        let rows = Sql::exec(&*sql, select, &[]).unwrap();
        let ids = rows.iter().map(|row| row.text("id").unwrap());
        let ids: Vec<&str> = ids.collect();
        (!ids.is_empty()).then(|| (*self.dice.one_of(&ids)).to_owned())
    }

    fn permission(&self) -> String {
        if self.dice.happens(400) {
            return (*self.dice.one_of(&USUAL)).to_owned();
        }
        let policy = &self.cast.world().edge.config.policy.policy;
        let all: Vec<&str> = policy
            .permissions()
            .iter()
            .map(|one| one.id.as_str())
            .collect();
        (*self.dice.one_of(&all)).to_owned()
    }

    /// What a deny rule asks for; most ask for nothing, or nobody could do much after a while.
    fn condition(&self) -> String {
        let tag = r#"{"fact":"resource.tags.env","equals":"prod"}"#;
        if self.dice.happens(500) {
            tag.to_owned()
        } else {
            String::new()
        }
    }

    fn window(&self) -> String {
        let at = |hours: i64| self.cast.now_ms() + self.dice.ms(hours * HOUR_MS) + 1_000;
        match self.dice.below(5) {
            0 => format!(r#","not_before_ms":{}"#, at(2)),
            1 => format!(r#","expires_at_ms":{}"#, at(6)),
            2 => format!(
                r#","not_before_ms":{},"expires_at_ms":{}"#,
                at(1),
                at(9) + HOUR_MS
            ),
            _ => String::new(),
        }
    }

    fn account_grant(&self) -> Option<String> {
        if self.dice.happens(400) {
            let role = *self.dice.one_of(&["gateway", "admin", "member"]);
            return Some(format!(r#"{{"role":"{role}"{}}}"#, self.window()));
        }
        let (role, node) = (self.word("wrole")?, self.word("workspace")?);
        Some(format!(
            r#"{{"role":"{role}","node":"{node}"{}}}"#,
            self.window()
        ))
    }

    fn scopes(&self) -> String {
        if self.dice.happens(500) {
            return String::new();
        }
        let some: Vec<String> = (0..20).map(|_| self.permission()).collect();
        let some: std::collections::BTreeSet<_> = some.into_iter().collect();
        format!(r#","scopes":{}"#, json!(some))
    }

    fn subtree(&self) -> String {
        let node = self.word("node").filter(|_| self.dice.happens(300));
        node.map_or_else(String::new, |node| {
            format!(
                r#","subtree":{{"organization":"{}","node":"{node}"}}"#,
                self.picture.id
            )
        })
    }

    fn optional(&self, member: &str, word: &str) -> String {
        let id = self.word(word).filter(|_| self.dice.happens(400));
        id.map_or_else(String::new, |id| format!(r#","{member}":"{id}""#))
    }

    /// A tag for a request that edits; whether it is another one than the thing has.
    pub(super) fn tag(&self, kind: &Kind) -> Option<(String, bool)> {
        let is_edit = matches!(kind.method, Method::Patch | Method::Put | Method::Delete);
        if !is_edit || kind.by != By::Anybody || !self.dice.happens(60) {
            return None;
        }
        // Nothing was changed at an epoch that is yet to come.
        let is_stale = self.dice.happens(700);
        let tag = if is_stale {
            format!("\"{}\"", self.picture.epoch + 1)
        } else {
            "*".to_owned()
        };
        Some((tag, is_stale))
    }
}

/// What is there of a word.
fn select(word: &str) -> &'static str {
    match word {
        "account" => "SELECT id FROM service_account WHERE deleted_at_ms IS NULL",
        "delivery" => "SELECT webhook || '/deliveries/' || event AS id FROM webhook_delivery",
        "domain" => "SELECT id FROM domain",
        "elsewhere" => {
            "SELECT id FROM node WHERE level = 'workspace' AND id NOT IN (SELECT parent FROM node WHERE level = 'project')"
        }
        "granted" => {
            "SELECT node || '/members/' || user AS id FROM granted JOIN node ON node.id = node WHERE level = 'workspace' AND user LIKE 'usr%'"
        }
        "group" => "SELECT id FROM access_group",
        "grouped" => "SELECT access_group || '/members/' || user AS id FROM group_member",
        "invitation" => "SELECT id FROM invitation WHERE state = 'pending'",
        "issuer" => "SELECT id FROM issuer",
        "kept" => {
            "SELECT CASE WHEN node = organization.id THEN '' ELSE '/workspaces/' || node END AS id FROM setting, organization"
        }
        "key" => "SELECT account || '/keys/' || id AS id FROM service_key",
        "link" => "SELECT id FROM invitation_link WHERE revoked_at_ms IS NULL",
        "node" => "SELECT id FROM node",
        "own" => "SELECT id FROM custom_role WHERE definition NOT LIKE '{\"rule\":%'",
        "project" => "SELECT id FROM node WHERE level = 'project'",
        "rule" => "SELECT id FROM custom_role WHERE definition LIKE '{\"rule\":%'",
        "shared" => "SELECT access_group || '/grants/' || node AS id FROM group_granted",
        "suspended" => "SELECT user AS id FROM member WHERE suspended_at_ms IS NOT NULL",
        "webhook" => "SELECT id FROM webhook",
        "workspace" => "SELECT id FROM node WHERE level = 'workspace'",
        other => panic!("nothing is called {other}"),
    }
}

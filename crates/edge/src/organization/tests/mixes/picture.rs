//! An organization as its rows say it, read by other code than the product's: who holds what, and all that is stored.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use lockstep_core::{
    Access, Customization, Facts, Grant, Level, Node, OwnPolicy, Policy, PrincipalKind, Record,
    TokenLimit, Value, Window, workspace_admins_invite,
};
use lockstep_wire::{CompiledPolicy, CustomRoleRecord, RuleDocument};
use serde::Deserialize;

use crate::{
    sql::{Row, Sql},
    testing::LocalSql,
};

/// What follows from the rest, from being read, or from what the outside says.
const FOLLOWING: [&str; 14] = [
    "audit",
    "audit_change",
    "audit_checkpoint",
    "audit_denial",
    "base_version",
    "idempotency",
    "invitation_mail",
    "object_name",
    "outbox",
    "outbox_lane",
    "published",
    "schema_version",
    "webhook_delivery",
    "webhook_event",
];
const FOLLOWING_COLUMNS: [&str; 2] = ["roles_sent", "seen_at_ms"];
/// What the log has no rows of; epochs besides.
const UNLOGGED: [&str; 4] = ["failing_since_ms", "one", "position", "proven_until_ms"];
/// What is behind the name of a table, for the part of it that the log has no rows of.
const BESIDE: &str = ", unlogged";

/// A principal who acts.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Principal {
    pub(super) kind: PrincipalKind,
    pub(super) grants: Vec<Grant>,
    /// From when on their tokens count.
    pub(super) tokens_from_ms: Option<i64>,
}

/// A member, whether they act or not.
#[derive(Debug, Clone)]
pub(super) struct Member {
    pub(super) role: String,
    pub(super) is_active: bool,
    pub(super) has_issuer: bool,
}

/// All of it, at one instant.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    pub(super) id: String,
    pub(super) name: String,
    pub(super) is_deleted: bool,
    pub(super) creator: String,
    pub(super) plan: String,
    pub(super) epoch: i64,
    /// Of roles, and of issuers.
    epochs: [i64; 2],
    /// Of the last change of each principal who is known, nodes included.
    principal_epochs: BTreeMap<String, i64>,
    /// Level, parent and owner, each after its parent.
    pub(super) nodes: Vec<(String, Level, Option<String>, Option<String>)>,
    pub(super) members: BTreeMap<String, Member>,
    pub(super) principals: BTreeMap<String, Principal>,
    customization: Customization,
    /// The rows of each table.
    pub(super) state: BTreeMap<String, Vec<String>>,
    /// How many rows of the log say that something was changed.
    pub(super) logged: i64,
}

#[derive(Deserialize)]
struct StoredRule {
    rule: RuleDocument,
}

impl Picture {
    pub(super) fn of(sql: &LocalSql, policy: &CompiledPolicy) -> Self {
        let read = Reader(sql);
        let root = read.one("SELECT * FROM organization");
        let id = text(&root, "id");
        let (members, principals) = read.people(&id);
        let mut customization = read.customization();
        if integer(&root, "workspace_admins_invite") == Some(1) {
            let choice = workspace_admins_invite(&policy.policy);
            customization.rules.insert(0, choice.unwrap());
        }
        let logged = "SELECT COUNT(*) AS n FROM audit WHERE outcome = 'done' AND changes <> '[]'";
        let named = optional(&root, "plan").or_else(|| policy.document.plan.default.clone());
        Self {
            name: text(&root, "name"),
            is_deleted: integer(&root, "deleted_at_ms").is_some(),
            creator: text(&root, "creator"),
            plan: named.unwrap(),
            epoch: root.integer("epoch").unwrap(),
            epochs: ["roles_epoch", "issuers_epoch"].map(|name| root.integer(name).unwrap()),
            principal_epochs: read.principal_epochs(),
            nodes: read.nodes(&id),
            members,
            principals,
            customization,
            state: read.state(),
            logged: read.one(logged).integer("n").unwrap(),
            id,
        }
    }

    /// What whoever remembers a principal asks by.
    pub(super) fn freshness(&self, principal: &str) -> [i64; 3] {
        let [roles, issuers] = self.epochs;
        let known = self.principal_epochs.get(principal);
        [known.copied().unwrap_or(0), roles, issuers]
    }

    /// The tables whose rows are others.
    pub(super) fn changed(&self, after: &Self) -> Vec<String> {
        let names: BTreeSet<&String> = self.state.keys().chain(after.state.keys()).collect();
        let differs = |name: &&&String| self.state.get(**name) != after.state.get(**name);
        names
            .iter()
            .filter(differs)
            .map(|name| (*name).clone())
            .collect()
    }

    /// Whether all that says what a principal holds is as it is afterwards.
    pub(super) fn gives_the_same(&self, after: &Self, principal: &str) -> bool {
        self.principals.get(principal) == after.principals.get(principal)
            && self.nodes == after.nodes
            && self.plan == after.plan
            && self.customization == after.customization
    }

    /// The policy as the organization has it.
    pub(super) fn policy(&self, policy: &Arc<Policy>) -> OwnPolicy {
        OwnPolicy::new(policy, &self.customization).unwrap()
    }

    /// What a principal holds, by a token that is limited or by themselves; nothing, in what is deleted.
    pub(super) fn access(
        &self,
        policy: &CompiledPolicy,
        own: &OwnPolicy,
        principal: &str,
        token: Option<TokenLimit>,
        now_ms: i64,
    ) -> Access {
        let known = self.principals.get(principal).cloned().unwrap_or_default();
        let nodes = self.nodes.iter().map(|(id, level, parent, owner)| Node {
            id: id.clone(),
            level: *level,
            parent: parent.clone(),
            owned: owner.as_deref() == Some(principal),
        });
        let record = Record {
            principal: principal.to_owned(),
            kind: known.kind,
            nodes: nodes.collect(),
            grants: known.grants,
            plan: policy.document.plan.offers[&self.plan].features.clone(),
            token,
            ..Record::default()
        };
        Access::resolve_own(own, record, unsigned(now_ms)).unwrap()
    }

    /// What the directory states of the organization and of a principal.
    pub(super) fn facts(&self, policy: &CompiledPolicy, principal: &str) -> Facts {
        let count = |n: usize| Value::Integer(i64::try_from(n).unwrap());
        let workspaces = self.nodes.iter().filter(|node| node.1 == Level::Workspace);
        let mut facts = Facts::default();
        facts.set("organization.members", count(self.members.len()));
        facts.set("organization.workspaces", count(workspaces.count()));
        facts.set("organization.admins", count(self.admins(policy)));
        facts.set("principal.id", Value::Text(principal.to_owned()));
        facts.set("principal.creator", Value::Bool(self.creator == principal));
        facts
    }

    /// What it states of a member to a person, besides.
    pub(super) fn facts_about(&self, member: &str, to: &str) -> Facts {
        let mut facts = Facts::default();
        if let Some(known) = self.members.get(member) {
            facts.set("target.role", Value::Text(known.role.clone()));
            facts.set("target.self", Value::Bool(member == to));
            facts.set("target.creator", Value::Bool(member == self.creator));
        }
        facts
    }

    /// Who counts for law 7: people with an account of their own, with a role marked `admin` without expiry.
    pub(super) fn admins(&self, policy: &CompiledPolicy) -> usize {
        let counts = |(user, member): &(&String, &Member)| {
            let Some(acts) = self.principals.get(*user).filter(|_| !member.has_issuer) else {
                return false;
            };
            acts.grants.iter().any(|grant| {
                let role = policy.policy.role(&grant.role);
                let role = role.and_then(|role| policy.policy.describe_role(role));
                let is_always = grant.node == self.id && grant.window == Window::default();
                is_always && grant.group.is_none() && role.is_some_and(|role| role.admin)
            })
        };
        self.members.iter().filter(counts).count()
    }
}

/// Whether the log has a row of a change of that table.
pub(super) fn is_logged(table: &str) -> bool {
    !table.ends_with(BESIDE) && table != "former_address"
}

/// The rows of one database.
struct Reader<'a>(&'a dyn Sql);

impl Reader<'_> {
    fn all(&self, select: &str) -> Vec<Row> {
        self.0.exec(select, &[]).unwrap()
    }

    fn one(&self, select: &str) -> Row {
        self.all(select).pop().unwrap()
    }

    fn nodes(&self, id: &str) -> Vec<(String, Level, Option<String>, Option<String>)> {
        let mut nodes = vec![(id.to_owned(), Level::Organization, None, None)];
        for level in [Level::Workspace, Level::Project] {
            let name = level.as_str();
            let select =
                format!("SELECT id, parent, owner FROM node WHERE level = '{name}' ORDER BY id");
            nodes.extend(self.all(&select).iter().map(|row| {
                (
                    text(row, "id"),
                    level,
                    optional(row, "parent"),
                    optional(row, "owner"),
                )
            }));
        }
        nodes
    }

    fn people(&self, root: &str) -> (BTreeMap<String, Member>, BTreeMap<String, Principal>) {
        let (mut members, mut principals) = (BTreeMap::new(), BTreeMap::new());
        let mut grants = self.grants();
        let off = "SELECT issuer FROM issuer WHERE disabled_at_ms IS NOT NULL";
        let off: Vec<String> = self
            .all(off)
            .iter()
            .map(|row| text(row, "issuer"))
            .collect();
        for row in self.all("SELECT * FROM member WHERE left_at_ms IS NULL") {
            let user = text(&row, "user");
            let issuer = optional(&row, "issuer");
            let is_suspended = integer(&row, "suspended_at_ms").is_some();
            let name = if is_suspended {
                format!("suspended/{user}")
            } else {
                user.clone()
            };
            let granted = grants.remove(&name).unwrap_or_default();
            let mut on_root = granted
                .iter()
                .filter(|grant| grant.node == root && grant.group.is_none());
            let member = Member {
                role: on_root.next().unwrap().role.clone(),
                is_active: !is_suspended
                    && issuer.as_ref().is_none_or(|issuer| !off.contains(issuer)),
                has_issuer: issuer.is_some(),
            };
            assert!(on_root.next().is_none(), "{user} has several roles");
            if member.is_active {
                let acts = Principal {
                    grants: granted,
                    tokens_from_ms: integer(&row, "tokens_from_ms"),
                    ..Principal::default()
                };
                principals.insert(user.clone(), acts);
            }
            members.insert(user, member);
        }
        for row in self.all("SELECT id FROM service_account WHERE deleted_at_ms IS NULL") {
            let id = text(&row, "id");
            let acts = Principal {
                kind: PrincipalKind::ServiceAccount,
                grants: grants.remove(&id).unwrap_or_default(),
                tokens_from_ms: None,
            };
            principals.insert(id, acts);
        }
        grants.retain(|_, granted| granted.iter().any(|grant| grant.group.is_none()));
        assert!(grants.is_empty(), "granted to nobody: {grants:?}");
        (members, principals)
    }

    /// By whose they are: their own, and those of their groups.
    fn grants(&self) -> BTreeMap<String, Vec<Grant>> {
        let select = "SELECT user, role, node, not_before_ms, expires_at_ms, NULL AS through FROM granted
            UNION ALL SELECT m.user, g.role, g.node, g.not_before_ms, g.expires_at_ms, g.access_group
            FROM group_granted g JOIN group_member m ON m.access_group = g.access_group";
        let mut grants: BTreeMap<String, Vec<Grant>> = BTreeMap::new();
        for row in self.all(select) {
            let window = Window {
                not_before_ms: integer(&row, "not_before_ms").map(unsigned),
                expires_at_ms: integer(&row, "expires_at_ms").map(unsigned),
            };
            let grant = Grant {
                window,
                group: optional(&row, "through"),
                ..Grant::new(text(&row, "role"), text(&row, "node"))
            };
            grants.entry(text(&row, "user")).or_default().push(grant);
        }
        grants
    }

    fn customization(&self) -> Customization {
        let mut added = Customization::default();
        for row in self.all("SELECT definition FROM custom_role ORDER BY created_at_ms, rowid") {
            let definition = text(&row, "definition");
            if let Ok(StoredRule { rule }) = serde_json::from_str(&definition) {
                added.rules.push((&rule).into());
            } else {
                let role: CustomRoleRecord = serde_json::from_str(&definition).unwrap();
                added.roles.push((&role).into());
            }
        }
        added
    }

    fn principal_epochs(&self) -> BTreeMap<String, i64> {
        let select = "SELECT p.id AS id, MAX(p.epoch, nodes_epoch) AS epoch FROM organization,
            (SELECT user AS id, epoch FROM member UNION ALL SELECT id, epoch FROM service_account) p";
        let rows = self.all(select);
        let epoch = |row: &Row| (text(row, "id"), row.integer("epoch").unwrap());
        rows.iter().map(epoch).collect()
    }

    fn state(&self) -> BTreeMap<String, Vec<String>> {
        let tables = "SELECT t.name AS name, group_concat(c.name) AS columns FROM sqlite_schema t, pragma_table_info(t.name) c
            WHERE t.type = 'table' AND t.name NOT LIKE 'sqlite%' GROUP BY t.name";
        let mut state = BTreeMap::new();
        for table in self.all(tables) {
            let (name, columns) = (text(&table, "name"), text(&table, "columns"));
            if FOLLOWING.contains(&name.as_str()) {
                continue;
            }
            let columns = columns.split(',');
            let columns = columns.filter(|column| !FOLLOWING_COLUMNS.contains(column));
            let is_unlogged =
                |column: &&str| column.ends_with("epoch") || UNLOGGED.contains(column);
            let (unlogged, logged): (Vec<&str>, Vec<&str>) = columns.partition(is_unlogged);
            let rows = |columns: &[&str]| {
                let array = columns.join(", ");
                let select = format!("SELECT json_array({array}) AS row FROM {name}");
                let rows = self.all(&select);
                let mut rows: Vec<String> = rows.iter().map(|row| text(row, "row")).collect();
                rows.sort_unstable();
                rows
            };
            state.insert(format!("{name}{BESIDE}"), rows(&unlogged));
            state.insert(name.clone(), rows(&logged));
        }
        state
    }
}

fn text(row: &Row, column: &str) -> String {
    row.text(column).unwrap().to_owned()
}

fn optional(row: &Row, column: &str) -> Option<String> {
    row.optional_text(column).unwrap().map(str::to_owned)
}

fn integer(row: &Row, column: &str) -> Option<i64> {
    row.optional_integer(column).unwrap()
}

pub(super) fn unsigned(value: i64) -> u64 {
    u64::try_from(value).unwrap()
}

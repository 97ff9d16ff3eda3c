//! The file as it comes in: read, and refused where it says what none of ours would.

use std::collections::BTreeSet;

use lockstep_core::{Policy, limits};
use lockstep_token::Address;
use lockstep_wire::{
    EXPORT_FORMAT, ExportedAccount, ExportedGrant, ExportedGroup, ExportedMember, ExportedNode,
    ExportedOrganization, ExportedRule, ExportedSetting, IMPORT_MEMBERS_MAX, SettingValue,
};

use super::{
    super::{
        export::ROWS_MAX,
        groups::{self, GROUPS_MAX},
        nodes::NODES_MAX,
        rules::RULES_MAX,
        service_accounts::{self, ACCOUNTS_MAX},
        settings::SETTINGS_MAX,
    },
    at,
};
use crate::{
    bounds::{self, TIME_MS_MAX},
    config::Config,
    problem::{ApiError, Code},
    setting,
};

/// Settings of one place, by their names.
type Settings = std::collections::BTreeMap<String, ExportedSetting>;

/// What the file may name.
struct Names<'a> {
    policy: &'a Policy,
    nodes: BTreeSet<&'a str>,
    roles: BTreeSet<&'a str>,
    members: BTreeSet<&'a str>,
}

/// Reads a file.
///
/// # Errors
/// 400 with the place, 409 `limit-reached` for one that is too large.
pub(super) fn read(config: &Config, text: &str) -> Result<ExportedOrganization, ApiError> {
    // Members that come twice are refused by the types themselves: no part of the file is read into a map that keeps the last.
    let file = serde_json::from_slice(text.as_bytes()).map_err(|error| {
        let detail = format!("The file is not accepted: {error}.");
        ApiError::new(Code::InvalidBody, detail)
    })?;
    check(config, &file)?;
    Ok(file)
}

fn check(config: &Config, file: &ExportedOrganization) -> Result<(), ApiError> {
    if file.format != EXPORT_FORMAT {
        return wrong("Files of this form are not read here.", || "/format".into());
    }
    let policy = &config.policy;
    if file.policy.id != policy.document.id {
        let detail = format!("This deployment runs the policy `{}`.", policy.document.id);
        return wrong(&detail, || "/policy/id".into());
    }
    require_room(file)?;
    named(&file.name, || "/name".into())?;
    if let Some(seconds) = file.token_lifetime_max_s {
        let lifetime = bounds::life_s("token_lifetime_max_s", seconds);
        at(lifetime, || "/token_lifetime_max_s".into())?;
    }
    let names = Names::of(file, &policy.policy)?;
    each(&file.rules, "rules", |rule, place| names.rule(rule, place))?;
    names.nodes(&file.workspaces, "workspace")?;
    names.nodes(&file.projects, "project")?;
    each(&file.members, "members", |member, place| {
        names.member(member, place)
    })?;
    each(&file.groups, "groups", |group, place| {
        names.group(group, place)
    })?;
    each(
        &file.service_accounts,
        "service_accounts",
        |account, place| names.account(account, place),
    )?;
    settings(&file.settings, "/settings")
}

/// Does something for each entry of a list, with its place.
fn each<T>(
    list: &[T],
    name: &str,
    check: impl Fn(&T, &str) -> Result<(), ApiError>,
) -> Result<(), ApiError> {
    let mut entries = list.iter().enumerate();
    entries.try_for_each(|(number, entry)| check(entry, &format!("/{name}/{number}")))
}

fn wrong<T>(detail: &str, place: impl FnOnce() -> String) -> Result<T, ApiError> {
    at(Err(ApiError::new(Code::InvalidValue, detail)), place)
}

/// A name as it is stored, so that what is exported again is the same.
fn named(name: &str, place: impl FnOnce() -> String) -> Result<(), ApiError> {
    let stored = match bounds::name(name) {
        Ok(stored) => stored,
        Err(error) => return at(Err(error), place),
    };
    if stored == name {
        return Ok(());
    }
    wrong("A name does not begin or end with white space.", place)
}

fn require_room(file: &ExportedOrganization) -> Result<(), ApiError> {
    let most = |limit: i64| usize::try_from(limit).unwrap_or(usize::MAX);
    let nodes = file.workspaces.len().saturating_add(file.projects.len());
    let grants = file.members.iter().map(|member| member.grants.len());
    let grants = grants.chain(file.groups.iter().map(|group| group.grants.len()));
    let accounts = file.service_accounts.iter();
    let grants = grants.chain(accounts.map(|account| account.grants.len()));
    for (count, limit, name) in [
        (file.roles.len(), limits::CUSTOM_ROLES_MAX, "/roles"),
        (file.rules.len(), RULES_MAX, "/rules"),
        (nodes, most(NODES_MAX), "/projects"),
        (file.members.len(), IMPORT_MEMBERS_MAX, "/members"),
        (file.groups.len(), most(GROUPS_MAX), "/groups"),
        (
            file.service_accounts.len(),
            most(ACCOUNTS_MAX),
            "/service_accounts",
        ),
        (grants.sum(), most(ROWS_MAX), "/members"),
    ] {
        if count > limit {
            let detail = format!("There may be {limit} of these, and the file has {count}.");
            return at(Err(ApiError::new(Code::LimitReached, detail)), || {
                name.to_owned()
            });
        }
    }
    Ok(())
}

impl<'a> Names<'a> {
    fn of(file: &'a ExportedOrganization, policy: &'a Policy) -> Result<Self, ApiError> {
        let mut names = Self {
            policy,
            nodes: BTreeSet::new(),
            roles: BTreeSet::new(),
            members: BTreeSet::new(),
        };
        for (number, role) in file.roles.iter().enumerate() {
            let place = || format!("/roles/{number}");
            keyed(&role.key, "role", number, place)?;
            named(&role.name, || format!("/roles/{number}/name"))?;
            names.roles.insert(&role.key);
        }
        let nodes = file.workspaces.iter().chain(&file.projects);
        names.nodes = nodes.map(|node| node.key.as_str()).collect();
        for (number, member) in file.members.iter().enumerate() {
            let place = || format!("/members/{number}/email");
            let address = Address::from_typed(&member.email);
            if address.is_ok_and(|address| address.as_str() == member.email) {
                if !names.members.insert(&member.email) {
                    return wrong("Each member is named once.", place);
                }
                continue;
            }
            let detail = "This is no address in its normal form.";
            return at(Err(ApiError::new(Code::InvalidAddress, detail)), place);
        }
        Ok(names)
    }

    /// A rule is for roles of the file or of the policy. What else it says is looked at when it is made.
    fn rule(&self, rule: &ExportedRule, place: &str) -> Result<(), ApiError> {
        for (number, role) in rule.roles.iter().enumerate() {
            if !self.roles.contains(role.as_str()) && self.policy.role(role).is_none() {
                let refused = ApiError::new(Code::UnknownRole, "There is no such role.");
                return at(Err(refused), || format!("{place}/roles/{number}"));
            }
        }
        Ok(())
    }

    /// Workspaces, or projects: each is called by its place, and lies in what came before.
    fn nodes(&self, nodes: &[ExportedNode], level: &str) -> Result<(), ApiError> {
        for (number, node) in nodes.iter().enumerate() {
            let place = |member: &str| format!("/{level}s/{number}{member}");
            keyed(&node.key, level, number, || place("/key"))?;
            named(&node.name, || place("/name"))?;
            let is_workspace = level == "workspace";
            let mut workspace = node.workspace.iter();
            let is_known =
                |key: &String| key.starts_with("workspace/") && self.nodes.contains(key.as_str());
            if !workspace.all(|key| !is_workspace && is_known(key)) {
                return wrong("The file has no such workspace.", || place("/workspace"));
            }
            let mut owner = node.owner.iter();
            if !owner.all(|owner| !is_workspace && self.members.contains(owner.as_str())) {
                return wrong("The file has no such member.", || place("/owner"));
            }
            if !is_workspace && !node.settings.is_empty() {
                return wrong("A project has no settings.", || place("/settings"));
            }
            settings(&node.settings, &place("/settings"))?;
        }
        Ok(())
    }

    /// Grants of one principal: each role on a node once, on the organization one of the policy's.
    fn grants(&self, grants: &[ExportedGrant], place: &str) -> Result<(), ApiError> {
        let mut seen = BTreeSet::new();
        for (number, grant) in grants.iter().enumerate() {
            let place = |member: &str| format!("{place}/grants/{number}{member}");
            let node = grant.node.as_deref();
            if !node.is_none_or(|node| self.nodes.contains(node)) {
                return wrong("The file has no such node.", || place("/node"));
            }
            let is_own = node.is_some() && self.roles.contains(grant.role.as_str());
            if !is_own && self.policy.role(&grant.role).is_none() {
                let detail = "There is no such role that can be held there.";
                return at(Err(ApiError::new(Code::UnknownRole, detail)), || {
                    place("/role")
                });
            }
            let start_ms = grant.not_before_ms.unwrap_or(0);
            let end_ms = grant.expires_at_ms.unwrap_or(TIME_MS_MAX);
            if start_ms < 0 || start_ms >= end_ms || end_ms > TIME_MS_MAX {
                let detail = "`not_before_ms` comes before `expires_at_ms`.";
                return wrong(detail, || place(""));
            }
            if !seen.insert((node, &grant.role)) {
                return wrong("A role is granted on a node once.", || place(""));
            }
        }
        Ok(())
    }

    fn member(&self, member: &ExportedMember, place: &str) -> Result<(), ApiError> {
        self.grants(&member.grants, place)?;
        let on_root = member.grants.iter().filter(|grant| grant.node.is_none());
        // Whose role was gone when the file was written has none.
        if on_root.count() <= 1 {
            return Ok(());
        }
        let detail = "A member has one role on the organization itself.";
        wrong(detail, || format!("{place}/grants"))
    }

    fn group(&self, group: &ExportedGroup, place: &str) -> Result<(), ApiError> {
        named(&group.name, || format!("{place}/name"))?;
        let is_home = |key: &str| key.starts_with("workspace/") && self.nodes.contains(key);
        if !group.workspace.as_deref().is_none_or(is_home) {
            let place = || format!("{place}/workspace");
            return wrong("The file has no such workspace.", place);
        }
        let people: BTreeSet<&str> = group.members.iter().map(String::as_str).collect();
        if people.len() < group.members.len() || !people.is_subset(&self.members) {
            let detail = "A group has members of the file, each once.";
            return wrong(detail, || format!("{place}/members"));
        }
        self.grants(&group.grants, place)?;
        let nodes: BTreeSet<Option<&str>> = group
            .grants
            .iter()
            .map(|grant| grant.node.as_deref())
            .collect();
        let count = group.grants.len();
        if nodes.len() < count || i64::try_from(count).is_ok_and(|count| count > groups::GRANTS_MAX)
        {
            let detail = "A group has one role on each of at most 100 nodes.";
            return wrong(detail, || format!("{place}/grants"));
        }
        Ok(())
    }

    fn account(&self, account: &ExportedAccount, place: &str) -> Result<(), ApiError> {
        named(&account.name, || format!("{place}/name"))?;
        if account.grants.len() > service_accounts::GRANTS_MAX {
            let detail = "A service account has at most 100 grants.";
            return wrong(detail, || format!("{place}/grants"));
        }
        self.grants(&account.grants, place)
    }
}

/// What is called by its place in the file cannot be named twice, and no cycle leads through it.
fn keyed(
    key: &str,
    noun: &str,
    number: usize,
    place: impl FnOnce() -> String,
) -> Result<(), ApiError> {
    let expected = format!("{noun}/{}", number.saturating_add(1));
    if key == expected {
        return Ok(());
    }
    wrong(&format!("This is called `{expected}`."), place)
}

fn settings(settings: &Settings, place: &str) -> Result<(), ApiError> {
    if i64::try_from(settings.len()).is_ok_and(|count| count > SETTINGS_MAX) {
        let detail = format!("A place may have {SETTINGS_MAX} settings.");
        let refused = ApiError::new(Code::LimitReached, detail);
        return at(Err(refused), || place.to_owned());
    }
    let current = settings.values().filter(|setting| setting.current);
    if current.count() > 1 {
        let detail = "One database of a place is the current one.";
        return wrong(detail, || place.to_owned());
    }
    for (name, stored) in settings {
        let place = || format!("{place}/{}", name.replace('~', "~0").replace('/', "~1"));
        at(setting::name(name), place)?;
        at(setting::value(stored.value.clone()), place)?;
        let is_database = matches!(stored.value, SettingValue::Database(_));
        if matches!(stored.value, SettingValue::Secret(_)) || (stored.current && !is_database) {
            let detail = "A file has no secrets, and only a database is a current one.";
            return wrong(detail, place);
        }
    }
    Ok(())
}

//! A case that broke something, as it goes into `tests/examples`: a policy, and a world with the answers
//! that the model gives.

use std::fmt::Write;

use lockstep_core::{
    Condition, Facts, Level, PolicySpec, PrincipalKind, Record, RuleSpec, Test, Value,
};

use super::model::Model;
use super::worlds::NOW_MS;

/// The moment of the questions in the corpus.
const CORPUS_NOW_MS: u64 = 1_764_000_000_000;
const HOUR_MS: u64 = 3_600_000;

/// `record` under `spec`, as the files `policy.toml` and `world.toml`, with `questions`, as
/// permission and node, under `facts`.
pub(crate) fn written(
    spec: &PolicySpec,
    record: &Record,
    facts: &Facts,
    questions: &[(String, &str)],
) -> String {
    let mut text = String::new();
    let mut line = |name: &str, value: String| writeln!(text, "{name} = {value}").unwrap();
    line("about", quoted("What this shows."));
    line("policy", quoted("policy.toml"));
    let known = record.plan.iter().filter(|id| spec.features.contains(id));
    line(
        "plan",
        format!("[{}]", texts(&known.cloned().collect::<Vec<_>>())),
    );
    let roles = record.customization.roles.iter().map(|role| {
        table(&[
            ("id", quoted(&role.id)),
            ("name", quoted(&role.name)),
            ("base", quoted(&role.base)),
            ("with", ids(&role.with)),
            ("without", ids(&role.without)),
        ])
    });
    line("roles", list(roles));
    line("rules", list(record.customization.rules.iter().map(rule)));
    let nodes = record.nodes.iter().skip(1).map(|node| {
        let parent = node.parent.as_deref().unwrap_or_default();
        let owner = if node.owned { "somebody" } else { "" };
        table(&[
            ("id", quoted(&node.id)),
            ("level", quoted(node.level.as_str())),
            ("parent", quoted(called(parent))),
            ("owner", quoted(owner)),
        ])
    });
    line("nodes", list(nodes));
    let moment = |at: Option<u64>| match at {
        None => String::new(),
        Some(at) if at > NOW_MS => (CORPUS_NOW_MS + HOUR_MS).to_string(),
        Some(_) => (CORPUS_NOW_MS - HOUR_MS).to_string(),
    };
    let window = |window: lockstep_core::Window| {
        [
            ("not_before_ms", moment(window.not_before_ms)),
            ("expires_at_ms", moment(window.expires_at_ms)),
        ]
    };
    let grants = |in_group: bool| {
        let grants = record.grants.iter();
        let grants = grants.filter(move |grant| grant.group.is_some() == in_group);
        let grants = grants.map(|grant| {
            let [start, end] = window(grant.window);
            let node = quoted(called(&grant.node));
            table(&[("role", quoted(&grant.role)), ("node", node), start, end])
        });
        // Written also where there are none.
        format!("[{}] ", grants.collect::<Vec<_>>().join(", "))
    };
    let token = record.token.iter().map(|token| {
        let [start, end] = window(token.window);
        let permissions = token
            .permissions
            .as_ref()
            .map(|known| format!("[{}]", texts(known)));
        let node = quoted(called(token.node.as_deref().unwrap_or_default()));
        table(&[
            ("permissions", permissions.unwrap_or_default()),
            ("node", node),
            start,
            end,
        ])
    });
    let kind = match record.kind {
        PrincipalKind::User => "user",
        PrincipalKind::ServiceAccount => "service-account",
    };
    let principal = table(&[
        ("name", quoted("somebody")),
        ("kind", quoted(kind)),
        ("grants", grants(false)),
        ("token", token.collect()),
    ]);
    line("principals", list([principal].into_iter()));
    let group = table(&[
        ("id", quoted("group")),
        ("members", "[\"somebody\"]".into()),
        ("grants", grants(true)),
    ]);
    line("groups", list([group].into_iter()));
    let stated = stated(facts);
    let model = Model {
        spec,
        record,
        facts,
        now_ms: NOW_MS,
    };
    let questions = questions.iter().map(|(permission, node)| {
        let allows = model.allows(permission, node);
        table(&[
            ("principal", quoted("somebody")),
            ("permission", quoted(permission)),
            ("node", quoted(called(node))),
            ("facts", stated.clone()),
            ("expect", quoted(if allows { "allow" } else { "deny" })),
        ])
    });
    line("cases", list(questions));
    format!("# policy.toml\n{}\n# world.toml\n{text}", policy(spec))
}

/// The facts; those of a group of which all are stated in a table of their own.
fn stated(facts: &Facts) -> String {
    let group_of = |name: &str| {
        let mut groups = facts.groups();
        groups.find(|group| {
            name.strip_prefix(*group)
                .is_some_and(|rest| rest.starts_with('.'))
        })
    };
    let alone = facts.iter().filter(|(name, _)| group_of(name).is_none());
    let alone = alone.map(|(name, value)| format!("{name:?} = {}", scalar(value)));
    let groups = facts.groups().map(|group| {
        let inside = facts
            .iter()
            .filter(|(name, _)| group_of(name) == Some(group));
        let inside = inside.map(|(name, value)| {
            let name = name.trim_start_matches(group).trim_start_matches('.');
            format!("{name:?} = {}", scalar(value))
        });
        format!(
            "{group:?} = {{ {} }}",
            inside.collect::<Vec<_>>().join(", ")
        )
    });
    let all = alone.chain(groups).collect::<Vec<_>>().join(", ");
    if all.is_empty() {
        all
    } else {
        format!("{{ {all} }}")
    }
}

fn policy(spec: &PolicySpec) -> String {
    let roles = spec.roles.iter().map(|role| {
        table(&[
            ("id", quoted(&role.id)),
            ("level", quoted(role.level.as_str())),
            ("admin", yes(role.admin)),
            ("override", yes(role.overriding)),
            ("cap", quoted(role.cap.as_deref().unwrap_or_default())),
            ("includes", ids(&role.includes)),
        ])
    });
    let permissions = spec.permissions.iter().map(|permission| {
        let conditional = permission
            .conditional
            .iter()
            .filter(|c| !c.roles.is_empty());
        let conditional =
            conditional.map(|c| table(&[("roles", ids(&c.roles)), ("when", all(&c.when))]));
        table(&[
            ("id", quoted(&permission.id)),
            ("level", quoted(permission.level.as_str())),
            ("allow", ids(&permission.allow)),
            ("conditional", list(conditional)),
            ("guard", all(&permission.guard)),
            ("plan", ids(&permission.plan)),
            ("implies", ids(&permission.implies)),
            ("personal", yes(permission.personal)),
        ])
    });
    let by_level =
        |of: &dyn Fn(Level) -> String| table(&Level::ALL.map(|level| (level.as_str(), of(level))));
    let owned = by_level(&|level| {
        let owned = spec.ownership.iter().filter(|(known, _)| *known == level);
        owned.map(|(_, ids)| format!("[{}]", texts(ids))).collect()
    });
    let replaced = spec.features.iter().map(|feature| {
        let of = |level| {
            let mut all = spec.replacements.iter();
            let found = all.find(|known| known.feature == *feature && known.level == level);
            quoted(found.map_or("", |found| &found.role))
        };
        (feature.as_str(), by_level(&of))
    });
    let replaced = table(
        &replaced
            .filter(|(_, table)| table != "{  }")
            .collect::<Vec<_>>(),
    );
    let levels = spec
        .custom_levels
        .iter()
        .map(|level| quoted(level.as_str()));
    let levels = levels.collect::<Vec<_>>().join(", ");
    format!(
        "id = \"random\"\nname = \"Random\"\neveryone = [{}]\nroles = {}\npermissions = {}\n\
         rules = {}\nownership = {owned}\nplan = {{ features = [{}], replace = {replaced} }}\n\
         custom_roles = {{ levels = [{levels}], additions = {} }}\n",
        texts(&spec.everyone),
        list(roles),
        list(permissions),
        list(spec.rules.iter().map(rule)),
        texts(&spec.features),
        spec.custom_additions,
    )
}

fn rule(rule: &RuleSpec) -> String {
    table(&[
        ("id", quoted(&rule.id)),
        (
            "effect",
            quoted(&format!("{:?}", rule.effect).to_lowercase()),
        ),
        ("roles", ids(&rule.roles)),
        ("permissions", ids(&rule.permissions)),
        ("when", all(&rule.when)),
    ])
}

fn all(conditions: &[Condition]) -> String {
    let conditions = conditions.iter().map(|condition| {
        let (name, value) = match &condition.test {
            Test::AtLeast(least) => ("at_least", least.to_string()),
            Test::AtLeastFact(other) => ("at_least_fact", quoted(other)),
            Test::AtMost(most) => ("at_most", most.to_string()),
            Test::AtMostFact(other) => ("at_most_fact", quoted(other)),
            Test::Equals(value) => ("equals", scalar(value)),
            Test::EqualsFact(other) => ("equals_fact", quoted(other)),
            Test::EqualsIgnoreCase(text) => ("equals_ignore_case", quoted(text)),
            Test::In(texts) => ("in", ids(texts)),
            Test::Matches(text) => ("matches", quoted(text)),
            Test::NotEquals(value) => ("not_equals", scalar(value)),
            Test::NotEqualsFact(other) => ("not_equals_fact", quoted(other)),
            Test::NotEqualsIgnoreCase(text) => ("not_equals_ignore_case", quoted(text)),
            Test::NotIn(texts) => ("not_in", ids(texts)),
            Test::NotMatches(text) => ("not_matches", quoted(text)),
        };
        let fact = quoted(&condition.fact);
        table(&[
            ("fact", fact),
            (name, value),
            ("if_exists", yes(condition.if_exists)),
        ])
    });
    let conditions: Vec<String> = conditions.collect();
    if conditions.is_empty() {
        String::new()
    } else {
        format!("[{}]", conditions.join(", "))
    }
}

/// The organization's node has another id in the corpus.
fn called(node: &str) -> &str {
    if node == "org" { "organization" } else { node }
}

fn scalar(value: &Value) -> String {
    match value {
        Value::Text(text) => format!("{text:?}"),
        other => other.to_string(),
    }
}

/// Nothing for an empty text, which [`table`] then leaves out.
fn quoted(text: &str) -> String {
    if text.is_empty() {
        String::new()
    } else {
        format!("{text:?}")
    }
}

fn yes(holds: bool) -> String {
    if holds { "true".into() } else { String::new() }
}

fn ids(ids: &[String]) -> String {
    if ids.is_empty() {
        String::new()
    } else {
        format!("[{}]", texts(ids))
    }
}

fn texts(texts: &[String]) -> String {
    let texts = texts.iter().map(|text| format!("{text:?}"));
    texts.collect::<Vec<_>>().join(", ")
}

fn list(entries: impl Iterator<Item = String>) -> String {
    let entries: Vec<String> = entries.map(|entry| format!("    {entry},\n")).collect();
    if entries.is_empty() {
        "[]".into()
    } else {
        format!("[\n{}]", entries.concat())
    }
}

/// A table of those members that say something.
fn table(members: &[(&str, String)]) -> String {
    let members = members
        .iter()
        .filter(|(_, value)| !value.is_empty() && value != "[]");
    let members = members.map(|(name, value)| format!("{name} = {value}"));
    format!("{{ {} }}", members.collect::<Vec<_>>().join(", "))
}

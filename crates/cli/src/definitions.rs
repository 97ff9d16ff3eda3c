//! What a policy says that no cell of its matrix shows: what bounds, replaces and goes beyond its roles.

use std::collections::BTreeMap;

use lockstep_wire::{
    ConditionDocument, EffectName, LevelName, PlanDocument, PolicyDocument, RoleDocument,
    RuleDocument,
};

/// What is defined, such as `role guest`, and how.
pub(crate) type Definition = (String, String);

/// All of `policy`, in the document's order. No two are of the same thing.
pub(crate) fn definitions(policy: &PolicyDocument) -> Vec<Definition> {
    let mut all = Vec::new();
    let mut add = |what: String, how: String| {
        if !how.is_empty() {
            all.push((what, how));
        }
    };
    for role in &policy.roles {
        add(format!("role {}", role.id), of_role(role));
    }
    add("creator".into(), policy.creator.clone().unwrap_or_default());
    add("every member".into(), policy.everyone.join(", "));
    for (level, permissions) in &policy.ownership {
        add(
            format!("owner of a {}", word(*level)),
            permissions.join(", "),
        );
    }
    add("custom roles".into(), of_custom_roles(policy));
    for permission in &policy.permissions {
        let mut parts = Vec::new();
        if !permission.plan.is_empty() {
            parts.push(format!("needs the plan's {}", permission.plan.join(", ")));
        }
        if permission.personal {
            parts.push("only what is one's own".into());
        }
        add(format!("permission {}", permission.id), parts.join("; "));
    }
    for rule in &policy.rules {
        add(format!("rule {}", rule.id), of_rule(rule));
    }
    all.extend(of_plan(&policy.plan));
    all
}

/// What is defined in another way by `new` than by `old`: what, how it was and how it is.
pub(crate) fn compare(
    old: &PolicyDocument,
    new: &PolicyDocument,
) -> Vec<(String, Option<String>, Option<String>)> {
    let (old, new) = (definitions(old), definitions(new));
    let before: BTreeMap<String, String> = old.iter().cloned().collect();
    let after: BTreeMap<String, String> = new.iter().cloned().collect();
    let gone = old.iter().filter(|(what, _)| !after.contains_key(what));
    let all = new.iter().chain(gone).map(|(what, _)| {
        let of = |side: &BTreeMap<String, String>| side.get(what).cloned();
        (what.clone(), of(&before), of(&after))
    });
    all.filter(|(_, before, after)| before != after).collect()
}

fn of_role(role: &RoleDocument) -> String {
    let mut parts = Vec::new();
    if role.admin {
        parts.push("admin".into());
    }
    if role.overriding {
        parts.push("holds everything".into());
    }
    if let Some(cap) = &role.cap {
        parts.push(format!("capped by {cap}"));
    }
    if !role.includes.is_empty() {
        parts.push(format!("includes {}", role.includes.join(", ")));
    }
    parts.join("; ")
}

fn of_custom_roles(policy: &PolicyDocument) -> String {
    let custom = &policy.custom_roles;
    let levels: Vec<&str> = custom.levels.iter().map(|level| word(*level)).collect();
    match (levels.is_empty(), custom.additions) {
        (true, _) => String::new(),
        (false, false) => format!("of the {}", levels.join(", ")),
        (false, true) => format!("of the {}; with permissions added", levels.join(", ")),
    }
}

fn of_rule(rule: &RuleDocument) -> String {
    let effect = match rule.effect {
        EffectName::Allow => "allows",
        EffectName::Deny => "denies",
    };
    let who = match rule.roles.as_slice() {
        [] => "everybody".to_owned(),
        roles => roles.join(", "),
    };
    let what = rule.permissions.join(", ");
    match conditions(&rule.when) {
        when if when.is_empty() => format!("{effect} {who} {what}"),
        when => format!("{effect} {who} {what} if {when}"),
    }
}

fn conditions(when: &[ConditionDocument]) -> String {
    let conditions = when.iter().map(|condition| condition.0.to_string());
    conditions.collect::<Vec<_>>().join(" and ")
}

fn of_plan(plan: &PlanDocument) -> Vec<Definition> {
    let mut all = Vec::new();
    for (feature, roles) in &plan.replace {
        for (level, role) in roles {
            let what = format!("feature {feature}, roles of the {}", word(*level));
            all.push((what, format!("count as {role}")));
        }
    }
    for (what, plan) in [
        ("default plan", &plan.default),
        ("personal plan", &plan.personal),
    ] {
        if let Some(plan) = plan {
            all.push((what.into(), plan.clone()));
        }
    }
    for (id, offer) in &plan.offers {
        let limit = |noun: &str, limit: Option<u32>| match limit {
            Some(limit) => format!("{noun} {limit}"),
            None => format!("{noun} without limit"),
        };
        let mut parts = vec![
            limit("seats", offer.seats),
            limit("workspaces", offer.workspaces),
        ];
        if !offer.features.is_empty() {
            parts.push(format!("features {}", offer.features.join(", ")));
        }
        all.push((format!("plan {id}"), parts.join("; ")));
    }
    all
}

fn word(level: LevelName) -> &'static str {
    lockstep_core::Level::from(level).as_str()
}

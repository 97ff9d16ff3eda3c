//! What a policy says that no cell of its matrix shows: what bounds, replaces and goes beyond its roles, and what
//! its cells depend on.

use std::collections::{BTreeMap, BTreeSet};

use lockstep_wire::{
    CompiledPolicy, ConditionDocument, ConditionalDocument, EffectName, LevelName,
    PermissionDocument, PlanDocument, PolicyDocument, RoleDocument, RuleDocument,
};

/// What is defined, such as `role guest`, and how.
pub(crate) type Definition = (String, String);

/// What is shown beside the definitions.
#[derive(Clone, Copy)]
enum Beside<'a> {
    /// Each role that was compared, on every level and with its conditions.
    Differences(&'a Shown),
    /// The tables of a matrix: the roles of a permission's level, without conditions.
    Matrix,
}

/// What the comparison of roles tells: of which role, and of which permission.
pub(crate) type Shown = BTreeSet<(String, String)>;

/// All of `policy` that its tables do not show, in the document's order. No two are of the same thing.
pub(crate) fn definitions(policy: &CompiledPolicy) -> Vec<Definition> {
    all(policy, Beside::Matrix)
}

/// What no role shows and `new` defines in another way than `old`: what, how it was and how it is.
pub(crate) fn compare(
    old: &CompiledPolicy,
    new: &CompiledPolicy,
    shown: &Shown,
) -> Vec<(String, Option<String>, Option<String>)> {
    let beside = Beside::Differences(shown);
    let (old, new) = (all(old, beside), all(new, beside));
    let before: BTreeMap<String, String> = old.iter().cloned().collect();
    let after: BTreeMap<String, String> = new.iter().cloned().collect();
    let gone = old.iter().filter(|(what, _)| !after.contains_key(what));
    let all = new.iter().chain(gone).map(|(what, _)| {
        let of = |side: &BTreeMap<String, String>| side.get(what).cloned();
        (what.clone(), of(&before), of(&after))
    });
    all.filter(|(_, before, after)| before != after).collect()
}

fn all(compiled: &CompiledPolicy, beside: Beside<'_>) -> Vec<Definition> {
    let policy = &compiled.document;
    let mut all = Vec::new();
    let mut add = |what: String, how: String| {
        if !how.is_empty() {
            all.push((what, how));
        }
    };
    for role in &policy.roles {
        let mut parts = of_role(role);
        // Organizations may make roles even of one that holds nothing.
        if let Beside::Differences(shown) = beside
            && !shown.iter().any(|(of, _)| *of == role.id)
        {
            parts.insert(0, format!("of the {}", word(role.level)));
        }
        add(format!("role {}", role.id), parts.join("; "));
    }
    add("creator".into(), policy.creator.clone().unwrap_or_default());
    add("every member".into(), listed(&policy.everyone));
    for (level, permissions) in &policy.ownership {
        add(format!("owner of a {}", word(*level)), listed(permissions));
    }
    add("custom roles".into(), of_custom_roles(policy));
    for permission in &policy.permissions {
        let mut parts = match beside {
            Beside::Differences(shown) => {
                let held = held_beside(shown, permission).join("; ");
                add(format!("holders of {}", permission.id), held);
                vec![format!("of the {}", word(permission.level))]
            }
            Beside::Matrix => held(policy, permission),
        };
        parts.extend(of_permission(compiled, permission));
        add(format!("permission {}", permission.id), parts.join("; "));
    }
    for rule in &policy.rules {
        add(format!("rule {}", rule.id), of_rule(rule));
    }
    all.extend(of_plan(&policy.plan));
    for (name, level) in policy.resource_types.iter() {
        let called = format!("resource type {name}");
        all.push((called, format!("a {}", level.as_str())));
    }
    // How a secret begins is of no role, and ends every one that begins otherwise.
    if matches!(beside, Beside::Differences(_)) {
        let tokens = &policy.tokens;
        let how = format!(
            "personal {}, service {}",
            tokens.personal(),
            tokens.service()
        );
        all.push(("tokens".into(), how));
    }
    all
}

/// Who holds `permission`, as far as no cell of its table says it.
fn held(policy: &PolicyDocument, permission: &PermissionDocument) -> Vec<String> {
    let is_in_table = |role: &&String| {
        let mut roles = policy.roles.iter();
        roles.any(|known| known.id == **role && known.level == permission.level)
    };
    let others = permission.allow.iter().filter(|role| !is_in_table(role));
    let others: Vec<&str> = others.map(String::as_str).collect();
    let mut parts = Vec::new();
    if !others.is_empty() {
        parts.push(format!("also held by {}", others.join(", ")));
    }
    for ConditionalDocument { roles, when } in &permission.conditional {
        parts.push(format!("{} if {}", listed(roles), conditions(when)));
    }
    if !permission.guard.is_empty() {
        let guard = conditions(&permission.guard);
        parts.push(format!("everybody only if {guard}"));
    }
    parts
}

/// Who holds `permission`, as far as no role that was compared shows it: it may count for others by a cap, under
/// another plan, or for a role or rule of an organization's own.
fn held_beside(shown: &Shown, permission: &PermissionDocument) -> Vec<String> {
    let id = &permission.id;
    let is_shown = |role: &String| shown.contains(&(role.clone(), id.clone()));
    let mut parts = Vec::new();
    let rest = |roles: &[String]| -> Vec<String> {
        let rest = roles.iter().filter(|role| !is_shown(role));
        rest.cloned().collect()
    };
    let always = rest(&permission.allow);
    if !always.is_empty() {
        parts.push(listed(&always));
    }
    let mut rows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for ConditionalDocument { roles, when } in &permission.conditional {
        rows.entry(conditions(when))
            .or_default()
            .extend(rest(roles));
    }
    for (when, roles) in rows.iter().filter(|(_, roles)| !roles.is_empty()) {
        parts.push(format!("{} if {when}", listed(roles)));
    }
    if !permission.guard.is_empty() && !shown.iter().any(|(_, of)| of == id) {
        let guard = conditions(&permission.guard);
        parts.push(format!("everybody only if {guard}"));
    }
    parts
}

fn of_permission(compiled: &CompiledPolicy, permission: &PermissionDocument) -> Vec<String> {
    let mut parts = Vec::new();
    if !permission.implies.is_empty() {
        parts.push(format!("comes with {}", listed(&permission.implies)));
    }
    if !permission.plan.is_empty() {
        parts.push(format!("needs the plan's {}", listed(&permission.plan)));
    }
    if permission.personal {
        parts.push("only what is one's own".into());
    }
    let policy = &compiled.policy;
    let known = policy.permission(&permission.id);
    let known = known.and_then(|id| policy.describe(id));
    if known.is_some_and(|known| known.sensitive) {
        parts.push("sensitive".into());
    }
    parts
}

fn of_role(role: &RoleDocument) -> Vec<String> {
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
        parts.push(format!("includes {}", listed(&role.includes)));
    }
    parts
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
        roles => listed(roles),
    };
    let what = listed(&rule.permissions);
    match conditions(&rule.when) {
        when if when.is_empty() => format!("{effect} {who} {what}"),
        when => format!("{effect} {who} {what} if {when}"),
    }
}

fn conditions(when: &[ConditionDocument]) -> String {
    let conditions: BTreeSet<String> = when
        .iter()
        .map(|condition| condition.0.clone().in_order().to_string())
        .collect();
    conditions.into_iter().collect::<Vec<_>>().join(" and ")
}

/// Names of which neither order nor count says anything.
fn listed(names: &[String]) -> String {
    let names: BTreeSet<&str> = names.iter().map(String::as_str).collect();
    names.into_iter().collect::<Vec<_>>().join(", ")
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
            parts.push(format!("features {}", listed(&offer.features)));
        }
        all.push((format!("plan {id}"), parts.join("; ")));
    }
    all
}

fn word(level: LevelName) -> &'static str {
    lockstep_core::Level::from(level).as_str()
}

//! Random policies that compile.

use lockstep_core::{
    Condition, ConditionalSpec, Effect, Level, PermissionSpec, PolicySpec, ReplacementSpec,
    RoleSpec, RuleSpec, Test, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a law has to leave out of the policies it speaks about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Without {
    pub caps: bool,
    pub denials: bool,
    pub everyone: bool,
    pub ownership: bool,
}

/// The features that a plan may have.
pub(crate) const FEATURES: [&str; 2] = ["f0", "f1"];

/// A set of roles or permissions: bit n stands for the n-th one.
pub(crate) type Mask = u8;

/// Any policy of up to five roles and six permissions, two features of a plan and three rules.
pub(crate) fn policies(without: Without) -> impl Strategy<Value = PolicySpec> {
    let roles = vec(role(), 2..=5);
    let permissions = vec(permission(), 1..=6);
    let ownership = vec(prop_oneof![Just(None), any::<Mask>().prop_map(Some)], 3);
    let masks = (any::<Mask>(), any::<Mask>());
    let replacements = vec((feature(), 0..5_usize), 0..=3);
    let custom = (any::<Mask>(), any::<bool>());
    let more = (replacements, vec(rule(), 0..=3), custom);
    (roles, permissions, ownership, masks, more).prop_map(
        move |(roles, permissions, ownership, (everyone, everyone_thinned), more)| {
            let mut spec = PolicySpec {
                id: "random".into(),
                roles: (0..).zip(roles).map(|(at, role)| role.spec(at)).collect(),
                ..PolicySpec::default()
            };
            let (roles, count) = (spec.roles.len(), permissions.len());
            let (replacements, rules, (custom_levels, custom_additions)) = more;
            spec.features = FEATURES.map(Into::into).into();
            for (feature, role) in replacements {
                let role = &spec.roles[role % roles];
                // Two features that make different roles of those of one level are refused.
                let mut known = spec.replacements.iter();
                let known = known.find(|known| known.level == role.level);
                let replacement = ReplacementSpec {
                    feature: feature.into(),
                    level: role.level,
                    role: known.map_or_else(|| role.id.clone(), |known| known.role.clone()),
                };
                spec.replacements.push(replacement);
            }
            let rules = (0..)
                .zip(rules)
                .map(|(at, rule)| rule.spec(at, roles, count));
            spec.rules = rules
                .filter(|rule| !without.denials || rule.effect == Effect::Allow)
                .collect();
            let levels = (0..).zip(Level::ALL);
            let levels = levels.filter(|(bit, _)| custom_levels >> bit & 5 != 0);
            spec.custom_levels = levels.map(|(_, level)| level).collect();
            spec.custom_additions = custom_additions;
            spec.permissions = (0..)
                .zip(permissions)
                .map(|(at, permission)| permission.spec(at, roles, count))
                .collect();
            if !without.everyone {
                spec.everyone = named("p", everyone & everyone_thinned, count);
            }
            for (level, mask) in Level::ALL.into_iter().zip(ownership) {
                match mask.filter(|_| !without.ownership) {
                    Some(Mask::MAX) => spec.ownership.push((level, vec!["*".into()])),
                    Some(mask) => spec.ownership.push((level, named("p", mask, count))),
                    None => {}
                }
            }
            if without.caps {
                spec.roles.iter_mut().for_each(|role| role.cap = None);
            }
            spec
        },
    )
}

/// `r0` or `p0`, and so on, for each bit of `mask` below `count`.
pub(crate) fn named(prefix: &str, mask: Mask, count: usize) -> Vec<String> {
    (0..count)
        .filter(|bit| mask >> bit & 1 == 1)
        .map(|at| format!("{prefix}{at}"))
        .collect()
}

#[derive(Clone, Debug)]
struct RandomRole {
    level: Level,
    overriding: bool,
    cap: Option<usize>,
    includes: Mask,
}

fn role() -> impl Strategy<Value = RandomRole> {
    let cap = prop_oneof![2 => Just(None), 1 => (0..2_usize).prop_map(Some)];
    (
        level(),
        prop::bool::weighted(0.1),
        cap,
        any::<Mask>(),
        any::<Mask>(),
    )
        .prop_map(|(level, overriding, cap, includes, thinned)| RandomRole {
            level,
            overriding,
            cap,
            includes: includes & thinned,
        })
}

impl RandomRole {
    /// The first role is the admin's. A role includes earlier ones only, so none leads to itself.
    fn spec(self, at: usize) -> RoleSpec {
        let level = if at == 0 {
            Level::Organization
        } else {
            self.level
        };
        let top = level == Level::Organization;
        RoleSpec {
            id: format!("r{at}"),
            admin: at == 0,
            overriding: top && self.overriding,
            cap: self.cap.filter(|_| top).map(|cap| format!("r{cap}")),
            includes: named("r", self.includes, at),
            ..RoleSpec::new(level)
        }
    }
}

#[derive(Clone, Debug)]
struct RandomPermission {
    level: Level,
    allow: Mask,
    conditional: Vec<(Mask, Vec<Condition>)>,
    guard: Vec<Condition>,
    implies: Mask,
    personal: bool,
    plan: Option<&'static str>,
}

fn permission() -> impl Strategy<Value = RandomPermission> {
    let conditional = vec((any::<Mask>(), vec(condition(), 1..=2)), 0..=2);
    let guard = prop_oneof![2 => Just(Vec::new()), 1 => vec(condition(), 1..=2)];
    let masks = (any::<Mask>(), any::<Mask>(), any::<Mask>(), any::<Mask>());
    (
        level(),
        masks,
        conditional,
        guard,
        prop::bool::weighted(0.15),
        prop::option::weighted(0.15, feature()),
    )
        .prop_map(
            |(level, (allow, few, implies, thinned), conditional, guard, personal, plan)| {
                RandomPermission {
                    level,
                    allow: allow & few,
                    conditional,
                    guard,
                    implies: implies & thinned,
                    personal,
                    plan,
                }
            },
        )
}

impl RandomPermission {
    /// A permission implies later ones only, so none leads to itself.
    fn spec(self, at: usize, roles: usize, permissions: usize) -> PermissionSpec {
        let later = named("p", self.implies, permissions);
        PermissionSpec {
            id: format!("p{at}"),
            allow: named("r", self.allow, roles),
            conditional: self
                .conditional
                .into_iter()
                .map(|(mask, when)| ConditionalSpec {
                    roles: named("r", mask, roles),
                    when,
                })
                .collect(),
            guard: self.guard,
            implies: later
                .into_iter()
                .skip_while(|id| *id <= format!("p{at}"))
                .collect(),
            personal: self.personal,
            plan: self.plan.map(Into::into).into_iter().collect(),
            ..PermissionSpec::new(self.level)
        }
    }
}

fn feature() -> impl Strategy<Value = &'static str> {
    prop::sample::select(FEATURES.as_slice())
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![
        2 => Just(Level::Organization),
        1 => Just(Level::Workspace),
        1 => Just(Level::Project),
    ]
}

/// A rule, whose names are drawn once it is known which there are.
#[derive(Clone, Debug)]
pub(crate) struct RandomRule {
    effect: Effect,
    roles: Option<Mask>,
    permissions: Mask,
    when: Vec<Condition>,
}

pub(crate) fn rule() -> impl Strategy<Value = RandomRule> {
    let effect = prop_oneof![3 => Just(Effect::Allow), 2 => Just(Effect::Deny)];
    let when = prop_oneof![1 => Just(Vec::new()), 5 => vec(condition(), 1..=2)];
    let permissions = prop_oneof![1 => Just(Mask::MAX), 4 => any::<Mask>()];
    (effect, prop::option::of(any::<Mask>()), permissions, when).prop_map(
        |(effect, roles, permissions, when)| RandomRule {
            effect,
            roles,
            permissions,
            when,
        },
    )
}

impl RandomRule {
    pub(crate) fn spec(self, at: usize, roles: usize, permissions: usize) -> RuleSpec {
        let or_first = |prefix: &str, mut ids: Vec<String>| {
            if ids.is_empty() {
                ids.push(format!("{prefix}0"));
            }
            ids
        };
        let permissions = match self.permissions {
            Mask::MAX => vec!["*".into()],
            mask => or_first("p", named("p", mask, permissions)),
        };
        let roles = self
            .roles
            .map(|mask| or_first("r", named("r", mask, roles)));
        RuleSpec {
            id: format!("rule-{at}"),
            effect: self.effect,
            roles: roles.unwrap_or_default(),
            permissions,
            when: self.when,
            because: String::new(),
        }
    }
}

/// Any condition that fits its fact.
pub(crate) fn condition() -> impl Strategy<Value = Condition> {
    let role = || vec!["r0".to_owned()];
    let text = |text: &str| text.to_owned();
    let value = |value: &str| Value::Text(value.into());
    let tests = vec![
        ("resource.flag", Test::Equals(Value::Bool(true))),
        ("resource.flag", Test::NotEquals(Value::Bool(true))),
        ("resource.count", Test::AtLeast(2)),
        ("resource.count", Test::AtMost(2)),
        ("resource.count", Test::AtLeastFact(text("context.limit"))),
        ("resource.count", Test::AtMostFact(text("context.limit"))),
        (
            "resource.owner",
            Test::NotEqualsFact(text("resource.tags.env")),
        ),
        ("target.creator", Test::Equals(Value::Bool(false))),
        ("target.role", Test::In(role())),
        ("target.role", Test::NotIn(role())),
        ("principal.id", Test::EqualsFact(text("resource.owner"))),
        (
            "resource.owner",
            Test::EqualsFact(text("resource.tags.env")),
        ),
        ("resource.tags.env", Test::Equals(value("prod"))),
        ("resource.tags.env", Test::NotEquals(value("prod"))),
        ("resource.tags.env", Test::EqualsIgnoreCase(text("PROD"))),
        ("resource.tags.env", Test::NotEqualsIgnoreCase(text("PROD"))),
        ("resource.tags.env", Test::Matches(text("pro*d?"))),
        ("resource.tags.env", Test::NotMatches(text("p*"))),
        (
            "resource.tags.env",
            Test::In(vec![text("prod"), text("dev")]),
        ),
        (
            "resource.tags.env",
            Test::NotIn(vec![text("prod"), text("dev")]),
        ),
    ];
    (prop::sample::select(tests), prop::bool::weighted(0.3)).prop_map(
        |((fact, test), if_exists)| Condition {
            if_exists,
            ..Condition::new(fact, test)
        },
    )
}

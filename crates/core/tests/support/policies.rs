//! Random policies that compile.

use lockstep_core::{
    Condition, ConditionalSpec, Level, PermissionSpec, PolicySpec, RoleSpec, Test, Value,
};
use proptest::collection::vec;
use proptest::prelude::*;

/// What a law has to leave out of the policies it speaks about.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Without {
    pub caps: bool,
    pub everyone: bool,
    pub ownership: bool,
}

/// A set of roles or permissions: bit n stands for the n-th one.
type Mask = u8;

/// Any policy of up to five roles and six permissions.
pub(crate) fn policies(without: Without) -> impl Strategy<Value = PolicySpec> {
    let roles = vec(role(), 2..=5);
    let permissions = vec(permission(), 1..=6);
    let ownership = vec(prop_oneof![Just(None), any::<Mask>().prop_map(Some)], 3);
    let masks = (any::<Mask>(), any::<Mask>());
    (roles, permissions, ownership, masks).prop_map(
        move |(roles, permissions, ownership, (everyone, everyone_thinned))| {
            let mut spec = PolicySpec {
                id: "random".into(),
                roles: (0..).zip(roles).map(|(at, role)| role.spec(at)).collect(),
                ..PolicySpec::default()
            };
            let (roles, count) = (spec.roles.len(), permissions.len());
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
fn named(prefix: &str, mask: Mask, count: usize) -> Vec<String> {
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
}

fn permission() -> impl Strategy<Value = RandomPermission> {
    let conditional = vec((any::<Mask>(), vec(condition(), 1..=2)), 0..=2);
    let guard = prop_oneof![2 => Just(Vec::new()), 1 => vec(condition(), 1..=2)];
    let masks = (any::<Mask>(), any::<Mask>(), any::<Mask>());
    (
        level(),
        masks,
        conditional,
        guard,
        prop::bool::weighted(0.15),
    )
        .prop_map(
            |(level, (allow, implies, thinned), conditional, guard, personal)| RandomPermission {
                level,
                allow,
                conditional,
                guard,
                implies: implies & thinned,
                personal,
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
            ..PermissionSpec::new(self.level)
        }
    }
}

fn level() -> impl Strategy<Value = Level> {
    prop_oneof![
        2 => Just(Level::Organization),
        1 => Just(Level::Workspace),
        1 => Just(Level::Project),
    ]
}

fn condition() -> impl Strategy<Value = Condition> {
    let role = || vec!["r0".to_owned()];
    let tests = [
        ("resource.flag", Test::Equals(Value::Bool(true))),
        ("resource.flag", Test::Equals(Value::Bool(false))),
        ("resource.count", Test::AtLeast(2)),
        ("resource.count", Test::AtMost(2)),
        ("target.creator", Test::Equals(Value::Bool(false))),
        ("target.role", Test::In(role())),
        ("target.role", Test::NotIn(role())),
    ];
    let tests = tests.map(|(fact, test)| Condition::new(fact, test));
    prop::sample::select(tests.to_vec())
}

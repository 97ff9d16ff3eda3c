//! Guards: conditions whose facts exist and whose tests can hold.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use super::names::{Names, fail, unknown};
use crate::fact::DIRECTORY_FACTS;
use crate::guard::Condition;
use crate::{
    ConditionSpec, FactType, Guard, PolicyError, PolicyErrorKind, PolicySpec, Step, Test, Value,
    fact_type, limits,
};

/// Guards by number, each distinct one once.
#[derive(Default)]
pub(super) struct Guards(pub(super) Vec<Guard>);

impl Guards {
    pub(super) fn number(&mut self, guard: Guard) -> usize {
        self.0
            .iter()
            .position(|known| *known == guard)
            .unwrap_or_else(|| {
                self.0.push(guard);
                self.0.len() - 1
            })
    }
}

pub(super) fn guard_of(
    conditions: &[ConditionSpec],
    names: Names<'_>,
    path: &[Step],
) -> Result<Option<Guard>, PolicyError> {
    if conditions.is_empty() {
        return Ok(None);
    }
    let limit = limits::CONDITIONS_MAX;
    if conditions.len() > limit {
        return Err(fail(path.to_vec(), PolicyErrorKind::TooMany { limit }));
    }
    let mut checked = Vec::new();
    for (at, ConditionSpec { fact, test }) in conditions.iter().enumerate() {
        let here = |member: &str| {
            let mut path = path.to_vec();
            path.extend([at.into(), member.into()]);
            path
        };
        check_test(fact, test, names, here)?;
        checked.push(Condition {
            fact: fact.clone(),
            test: test.clone(),
        });
    }
    checked.sort();
    checked.dedup();
    Ok(Some(Guard {
        conditions: checked,
    }))
}

pub(super) fn check_test(
    fact: &str,
    test: &Test,
    names: Names<'_>,
    path: impl Fn(&str) -> Vec<Step>,
) -> Result<(), PolicyError> {
    let Some(kind) = fact_type(fact) else {
        let known: Vec<String> = DIRECTORY_FACTS
            .iter()
            .map(|(name, _)| (*name).into())
            .chain(["resource.<name>".into()])
            .collect();
        return Err(unknown("fact", fact, known.iter(), path("fact")));
    };
    let fits = matches!(
        (kind, test),
        (FactType::Any, _)
            | (FactType::Bool, Test::Equals(Value::Bool(_)))
            | (FactType::Integer, Test::Equals(Value::Integer(_)))
            | (FactType::Integer, Test::AtLeast(_) | Test::AtMost(_))
            | (
                FactType::Role,
                Test::Equals(Value::Text(_)) | Test::In(_) | Test::NotIn(_)
            )
    );
    if !fits {
        let expected = match kind {
            FactType::Any => "of any type",
            FactType::Bool => "true or false",
            FactType::Integer => "whole numbers",
            FactType::Role => "role ids",
        };
        let kind = PolicyErrorKind::TypeMismatch {
            fact: fact.to_owned(),
            expected,
        };
        return Err(fail(path("fact"), kind));
    }
    if kind == FactType::Role {
        match test {
            Test::Equals(Value::Text(role)) => {
                names.role(role, || path("equals"))?;
            }
            Test::In(roles) | Test::NotIn(roles) => {
                let member = if matches!(test, Test::In(_)) {
                    "in"
                } else {
                    "not_in"
                };
                for role in roles {
                    names.role(role, || path(member))?;
                }
            }
            _ => {}
        }
    }
    Ok(())
}

pub(super) fn permission_guards(
    spec: &PolicySpec,
    names: Names<'_>,
    guards: &mut Guards,
) -> Result<Vec<Option<usize>>, PolicyError> {
    let mut numbers = Vec::new();
    for (at, permission) in spec.permissions.iter().enumerate() {
        let path = ["permissions".into(), at.into(), "guard".into()];
        let guard = guard_of(&permission.guard, names, &path)?;
        numbers.push(guard.map(|guard| guards.number(guard)));
    }
    Ok(numbers)
}

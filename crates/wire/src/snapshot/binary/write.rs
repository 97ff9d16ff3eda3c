//! Writing the binary form.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use lockstep_core::{
    Condition, Effect, Level, Node, Policy, PrincipalKind, RoleId, RuleSpec, Test, Value, Window,
};

use super::{HAS_END, HAS_GROUP, HAS_START};
use crate::bytes::{write_index, write_number, write_text};
use crate::snapshot::Held;

pub(super) struct Writer<'a> {
    policy: &'a Policy,
    pub(super) bytes: Vec<u8>,
    /// The numbers of the nodes.
    nodes: BTreeMap<&'a str, usize>,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(policy: &'a Policy, bytes: Vec<u8>) -> Self {
        Self {
            policy,
            bytes,
            nodes: BTreeMap::new(),
        }
    }

    /// Writes all that comes between digest and checksum; `None` when there is no such form of it.
    pub(super) fn held(&mut self, held: &'a Held) -> Option<()> {
        let record = &held.record;
        self.text(&record.principal);
        self.bytes.push(match record.kind {
            PrincipalKind::User => 0,
            PrincipalKind::ServiceAccount => 1,
        });
        write_number(held.epoch, &mut self.bytes);
        write_number(held.server_time_ms, &mut self.bytes);
        self.texts(&record.plan);
        write_index(record.customization.roles.len(), &mut self.bytes);
        for role in &record.customization.roles {
            self.text(&role.id);
            self.text(&role.name);
            self.role_name(&role.base);
            self.set(&role.with);
            self.set(&role.without);
        }
        write_index(record.customization.rules.len(), &mut self.bytes);
        for rule in &record.customization.rules {
            self.rule(rule);
        }
        self.nodes(&record.nodes)?;
        write_index(record.grants.len(), &mut self.bytes);
        for grant in &record.grants {
            self.role_name(&grant.role);
            self.node_name(&grant.node);
            self.window(&grant.window, grant.group.as_deref());
        }
        match &record.token {
            None => self.bytes.push(0),
            Some(token) => {
                self.bytes.push(1);
                self.bytes.push(token.permissions.is_some().into());
                token.permissions.iter().for_each(|ids| self.set(ids));
                self.bytes.push(token.node.is_some().into());
                if let Some(node) = &token.node {
                    self.node_name(node);
                }
                self.window(&token.window, None);
            }
        }
        Some(())
    }

    fn text(&mut self, text: &str) {
        write_text(text, &mut self.bytes);
    }

    fn texts(&mut self, texts: &[String]) {
        write_index(texts.len(), &mut self.bytes);
        texts.iter().for_each(|text| self.text(text));
    }

    /// A name by its number, or in full when it has none.
    fn name(&mut self, number: Option<usize>, name: &str) {
        match number {
            Some(number) => write_index(number + 1, &mut self.bytes),
            None => {
                self.bytes.push(0);
                self.text(name);
            }
        }
    }

    fn role_name(&mut self, id: &str) {
        let number = self.policy.role(id).map(RoleId::index);
        self.name(number, id);
    }

    fn node_name(&mut self, id: &str) {
        self.name(self.nodes.get(id).copied(), id);
    }

    fn set(&mut self, ids: &[String]) {
        let mut set = vec![0_u8; self.policy.permissions().len().div_ceil(8)];
        for permission in ids.iter().filter_map(|id| self.policy.permission(id)) {
            if let Some(byte) = set.get_mut(permission.index() / 8) {
                *byte |= 1 << (permission.index() % 8);
            }
        }
        self.bytes.extend(set);
    }

    fn rule(&mut self, rule: &RuleSpec) {
        self.text(&rule.id);
        self.bytes.push(match rule.effect {
            Effect::Allow => 0,
            Effect::Deny => 1,
        });
        self.text(&rule.because);
        write_index(rule.roles.len(), &mut self.bytes);
        rule.roles.iter().for_each(|role| self.role_name(role));
        self.texts(&rule.permissions);
        write_index(rule.when.len(), &mut self.bytes);
        for condition in &rule.when {
            self.condition(condition);
        }
    }

    fn condition(&mut self, condition: &Condition) {
        self.text(&condition.fact);
        self.bytes.push(condition.if_exists.into());
        let (kind, rest) = match &condition.test {
            Test::AtLeast(number) => (0, Rest::Number(*number)),
            Test::AtMost(number) => (1, Rest::Number(*number)),
            Test::Equals(value) => (2, Rest::Value(value)),
            Test::EqualsFact(text) => (3, Rest::Text(text)),
            Test::EqualsIgnoreCase(text) => (4, Rest::Text(text)),
            Test::In(texts) => (5, Rest::Texts(texts)),
            Test::Matches(text) => (6, Rest::Text(text)),
            Test::NotEquals(value) => (7, Rest::Value(value)),
            Test::NotEqualsIgnoreCase(text) => (8, Rest::Text(text)),
            Test::NotIn(texts) => (9, Rest::Texts(texts)),
            Test::NotMatches(text) => (10, Rest::Text(text)),
        };
        self.bytes.push(kind);
        match rest {
            Rest::Number(number) => self.integer(number),
            Rest::Text(text) => self.text(text),
            Rest::Texts(texts) => self.texts(texts),
            Rest::Value(Value::Bool(value)) => self.bytes.push((*value).into()),
            Rest::Value(Value::Integer(number)) => {
                self.bytes.push(2);
                self.integer(*number);
            }
            Rest::Value(Value::Text(text)) => {
                self.bytes.push(3);
                self.text(text);
            }
        }
    }

    fn integer(&mut self, number: i64) {
        self.bytes.extend(number.to_le_bytes());
    }

    /// Every node after its parent, and the organization first: otherwise there is nothing to write.
    fn nodes(&mut self, nodes: &'a [Node]) -> Option<()> {
        write_index(nodes.len(), &mut self.bytes);
        let ids: String = nodes.iter().map(|node| node.id.as_str()).collect();
        self.text(&ids);
        for (at, node) in nodes.iter().enumerate() {
            let parent = match &node.parent {
                None if at == 0 => 0,
                Some(parent) if at > 0 => *self.nodes.get(parent.as_str())?,
                _ => return None,
            };
            self.nodes.insert(node.id.as_str(), at);
            write_index(node.id.len(), &mut self.bytes);
            let level = match node.level {
                Level::Organization => 0,
                Level::Workspace => 1,
                Level::Project => 2,
            };
            let owned = usize::from(node.owned);
            write_index(parent << 3 | owned << 2 | level, &mut self.bytes);
        }
        Some(())
    }

    fn window(&mut self, window: &Window, group: Option<&str>) {
        let flag = |there: bool, flag: u8| if there { flag } else { 0 };
        self.bytes.push(
            flag(group.is_some(), HAS_GROUP)
                | flag(window.not_before_ms.is_some(), HAS_START)
                | flag(window.expires_at_ms.is_some(), HAS_END),
        );
        group.into_iter().for_each(|group| self.text(group));
        for time in [window.not_before_ms, window.expires_at_ms] {
            time.into_iter()
                .for_each(|time| write_number(time, &mut self.bytes));
        }
    }
}

/// What a condition tests for.
enum Rest<'a> {
    Number(i64),
    Text(&'a str),
    Texts(&'a [String]),
    Value(&'a Value),
}

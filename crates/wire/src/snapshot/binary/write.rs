//! Writing the binary form.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;

use lockstep_core::{Effect, Level, Node, Policy, PrincipalKind, Record, RoleId, RuleSpec, Window};

use super::{HAS_END, HAS_GROUP, HAS_START};
use crate::bytes::{write_index, write_number, write_text};
use crate::flat::{write_conditions, write_texts};

pub(super) struct Writer<'a> {
    /// Whose numbers names are written as; `None`: all in full.
    policy: Option<&'a Policy>,
    pub(super) bytes: Vec<u8>,
    /// The numbers of the nodes.
    nodes: BTreeMap<&'a str, usize>,
}

impl<'a> Writer<'a> {
    pub(super) const fn new(policy: Option<&'a Policy>, bytes: Vec<u8>) -> Self {
        Self {
            policy,
            bytes,
            nodes: BTreeMap::new(),
        }
    }

    /// Writes all that comes between digest and checksum; `None` when there is no such form of it.
    pub(super) fn held(
        &mut self,
        epoch: u64,
        server_time_ms: u64,
        record: &'a Record,
    ) -> Option<()> {
        self.text(&record.principal);
        self.bytes.push(match record.kind {
            PrincipalKind::User => 0,
            PrincipalKind::ServiceAccount => 1,
        });
        write_number(epoch, &mut self.bytes);
        write_number(server_time_ms, &mut self.bytes);
        write_texts(&record.plan, &mut self.bytes);
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
        let role = self.policy.and_then(|policy| policy.role(id));
        let number = role.map(RoleId::index);
        self.name(number, id);
    }

    fn node_name(&mut self, id: &str) {
        let known = self.nodes.get(id).copied();
        self.name(known.filter(|_| self.policy.is_some()), id);
    }

    fn set(&mut self, ids: &[String]) {
        let Some(policy) = self.policy else {
            write_texts(ids, &mut self.bytes);
            return;
        };
        let mut set = vec![0_u8; policy.permissions().len().div_ceil(8)];
        for permission in ids.iter().filter_map(|id| policy.permission(id)) {
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
        write_texts(&rule.permissions, &mut self.bytes);
        write_conditions(&rule.when, &mut self.bytes);
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

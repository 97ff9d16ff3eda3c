//! Reading the binary form.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{
    CustomRole, Effect, Grant, PackedNode, PackedNodes, Policy, PrincipalKind, Record, RuleSpec,
    TokenLimit, Window, limits,
};

use super::{HAS_END, HAS_GROUP, HAS_START};
use crate::bytes::Reader;
use crate::snapshot::Held;

pub(super) struct RecordReader<'a> {
    /// Whose numbers names are; `None` when they have none.
    pub(super) policy: Option<&'a Policy>,
    pub(super) bytes: Reader<'a>,
}

impl RecordReader<'_> {
    /// What comes between digest and checksum.
    pub(super) fn held(&mut self) -> Held {
        let mut record = Record {
            principal: self.bytes.string(),
            ..Record::default()
        };
        if self.bytes.flag() {
            record.kind = PrincipalKind::ServiceAccount;
        }
        let epoch = self.bytes.number();
        let server_time_ms = self.bytes.number();
        record.plan = self.bytes.texts();
        let mut left = self.bytes.count(limits::CUSTOM_ROLES_MAX);
        while self.bytes.more(&mut left) {
            record.customization.roles.push(self.role());
        }
        let mut left = self.bytes.count(limits::RULES_MAX);
        while self.bytes.more(&mut left) {
            record.customization.rules.push(self.rule());
        }
        let nodes = self.nodes();
        let mut left = self.bytes.count(limits::GRANTS_MAX);
        record.grants.reserve(left);
        while self.bytes.more(&mut left) {
            record.grants.push(self.grant(&nodes));
        }
        if self.bytes.flag() {
            record.token = Some(self.token(&nodes));
        }
        Held {
            epoch,
            server_time_ms,
            record,
            nodes,
        }
    }

    fn role(&mut self) -> CustomRole {
        CustomRole {
            id: self.bytes.string(),
            name: self.bytes.string(),
            base: self.role_name(),
            with: self.set(),
            without: self.set(),
        }
    }

    fn role_name(&mut self) -> String {
        let number = self.bytes.index();
        let Some(number) = number.checked_sub(1) else {
            return self.bytes.string();
        };
        let role = self.policy.and_then(|policy| policy.roles().get(number));
        self.known(role.map(|role| role.id.as_str()))
    }

    fn node_name(&mut self, nodes: &PackedNodes) -> String {
        let number = self.bytes.index();
        let Some(number) = number.checked_sub(1) else {
            return self.bytes.string();
        };
        self.known((number < nodes.nodes.len()).then(|| nodes.id(number)))
    }

    /// The name that a number stands for.
    fn known(&mut self, name: Option<&str>) -> String {
        if name.is_none() {
            self.bytes.refuse();
        }
        name.unwrap_or_default().to_owned()
    }

    fn set(&mut self) -> Vec<String> {
        let Some(policy) = self.policy else {
            return self.bytes.texts();
        };
        let permissions = policy.permissions();
        let bits = self.bytes.take(permissions.len().div_ceil(8));
        let mut ids = Vec::new();
        for at in 0..bits.len() * 8 {
            let byte = bits.get(at / 8).copied().unwrap_or(0);
            if byte >> (at % 8) & 1 == 1 {
                let permission = permissions.get(at);
                ids.push(self.known(permission.map(|known| known.id.as_str())));
            }
        }
        ids
    }

    fn rule(&mut self) -> RuleSpec {
        let mut rule = RuleSpec {
            id: self.bytes.string(),
            effect: if self.bytes.flag() {
                Effect::Deny
            } else {
                Effect::Allow
            },
            because: self.bytes.string(),
            roles: Vec::new(),
            permissions: Vec::new(),
            when: Vec::new(),
        };
        let mut left = self.bytes.count(usize::MAX);
        while self.bytes.more(&mut left) {
            rule.roles.push(self.role_name());
        }
        rule.permissions = self.bytes.texts();
        rule.when = self.bytes.conditions();
        rule
    }

    fn nodes(&mut self) -> PackedNodes {
        let count = self.bytes.count(limits::NODES_MAX);
        let ids = self.bytes.text();
        let mut ends = Vec::with_capacity(count);
        let mut nodes = Vec::with_capacity(count);
        let mut id_end = 0;
        for at in 0..count {
            id_end += self.bytes.index().min(ids.len() + 1);
            let packed = self.bytes.index();
            if !ids.is_char_boundary(id_end) {
                self.bytes.refuse();
                break;
            }
            let level = u8::try_from(packed & 3).unwrap_or(u8::MAX);
            ends.push(id_end);
            nodes.push(PackedNode {
                level: self.bytes.level_of(level),
                parent: (at > 0).then_some(packed >> 3),
                owned: packed & 4 != 0,
            });
        }
        if id_end != ids.len() {
            self.bytes.refuse();
        }
        PackedNodes {
            ids: ids.to_owned(),
            ends,
            nodes,
        }
    }

    fn grant(&mut self, nodes: &PackedNodes) -> Grant {
        let role = self.role_name();
        let node = self.node_name(nodes);
        let (window, group) = self.window();
        Grant {
            role,
            node,
            window,
            group,
        }
    }

    fn token(&mut self, nodes: &PackedNodes) -> TokenLimit {
        let mut token = TokenLimit::default();
        if self.bytes.flag() {
            token.permissions = Some(self.set());
        }
        if self.bytes.flag() {
            token.node = Some(self.node_name(nodes));
        }
        let (window, group) = self.window();
        if group.is_some() {
            self.bytes.refuse();
        }
        token.window = window;
        token
    }

    fn window(&mut self) -> (Window, Option<String>) {
        let flags = self.bytes.byte();
        if flags > HAS_GROUP | HAS_START | HAS_END {
            self.bytes.refuse();
        }
        let mut group = None;
        let mut window = Window::default();
        if flags & HAS_GROUP != 0 {
            group = Some(self.bytes.string());
        }
        if flags & HAS_START != 0 {
            window.not_before_ms = Some(self.bytes.number());
        }
        if flags & HAS_END != 0 {
            window.expires_at_ms = Some(self.bytes.number());
        }
        (window, group)
    }
}

//! Reading the binary form.

use alloc::borrow::ToOwned;
use alloc::string::String;
use alloc::vec::Vec;

use lockstep_core::{
    Condition, CustomRole, Customization, Effect, Grant, Level, Node, Policy, PrincipalKind,
    Record, RuleSpec, Test, TokenLimit, Value, Window, limits,
};

use super::{HAS_END, HAS_GROUP, HAS_START};
use crate::bytes::Reader;
use crate::snapshot::Held;

pub(super) struct RecordReader<'a> {
    pub(super) policy: &'a Policy,
    pub(super) bytes: Reader<'a>,
}

impl RecordReader<'_> {
    /// What comes between digest and checksum.
    pub(super) fn held(&mut self) -> Option<Held> {
        let principal = self.text()?;
        let kind = match self.bytes.byte()? {
            0 => PrincipalKind::User,
            1 => PrincipalKind::ServiceAccount,
            _ => return None,
        };
        let epoch = self.bytes.number()?;
        let server_time_ms = self.bytes.number()?;
        let plan = self.texts()?;
        let customization = Customization {
            roles: self.list(limits::CUSTOM_ROLES_MAX, Self::role)?,
            rules: self.list(limits::RULES_MAX, Self::rule)?,
        };
        let nodes = self.nodes()?;
        let grants = self.list(limits::GRANTS_MAX, |reader| reader.grant(&nodes))?;
        let token = if self.flag()? {
            Some(self.token(&nodes)?)
        } else {
            None
        };
        Some(Held {
            epoch,
            server_time_ms,
            record: Record {
                principal,
                kind,
                nodes,
                grants,
                plan,
                customization,
                token,
            },
        })
    }

    fn text(&mut self) -> Option<String> {
        self.bytes.text().map(ToOwned::to_owned)
    }

    fn texts(&mut self) -> Option<Vec<String>> {
        self.list(usize::MAX, Self::text)
    }

    fn flag(&mut self) -> Option<bool> {
        match self.bytes.byte()? {
            0 => Some(false),
            1 => Some(true),
            _ => None,
        }
    }

    fn list<T>(
        &mut self,
        limit: usize,
        mut read: impl FnMut(&mut Self) -> Option<T>,
    ) -> Option<Vec<T>> {
        let count = self.bytes.count(limit)?;
        let mut list = Vec::new();
        for _ in 0..count {
            list.push(read(self)?);
        }
        Some(list)
    }

    fn role(&mut self) -> Option<CustomRole> {
        Some(CustomRole {
            id: self.text()?,
            name: self.text()?,
            base: self.role_name()?,
            with: self.set()?,
            without: self.set()?,
        })
    }

    fn role_name(&mut self) -> Option<String> {
        match self.bytes.index()?.checked_sub(1) {
            None => self.text(),
            Some(number) => Some(self.policy.roles().get(number)?.id.clone()),
        }
    }

    fn node_name(&mut self, nodes: &[Node]) -> Option<String> {
        match self.bytes.index()?.checked_sub(1) {
            None => self.text(),
            Some(number) => Some(nodes.get(number)?.id.clone()),
        }
    }

    fn set(&mut self) -> Option<Vec<String>> {
        let permissions = self.policy.permissions();
        let bits = self.bytes.take(permissions.len().div_ceil(8))?;
        let mut ids = Vec::new();
        for (at, byte) in bits.iter().enumerate() {
            for bit in (0..8).filter(|bit| byte >> bit & 1 == 1) {
                ids.push(permissions.get(at * 8 + bit)?.id.clone());
            }
        }
        Some(ids)
    }

    fn rule(&mut self) -> Option<RuleSpec> {
        let id = self.text()?;
        let effect = if self.flag()? {
            Effect::Deny
        } else {
            Effect::Allow
        };
        Some(RuleSpec {
            id,
            effect,
            because: self.text()?,
            roles: self.list(usize::MAX, Self::role_name)?,
            permissions: self.texts()?,
            when: self.list(usize::MAX, Self::condition)?,
        })
    }

    fn condition(&mut self) -> Option<Condition> {
        let fact = self.text()?;
        let if_exists = self.flag()?;
        let test = match self.bytes.byte()? {
            0 => Test::AtLeast(self.integer()?),
            1 => Test::AtMost(self.integer()?),
            2 => Test::Equals(self.value()?),
            3 => Test::EqualsFact(self.text()?),
            4 => Test::EqualsIgnoreCase(self.text()?),
            5 => Test::In(self.texts()?),
            6 => Test::Matches(self.text()?),
            7 => Test::NotEquals(self.value()?),
            8 => Test::NotEqualsIgnoreCase(self.text()?),
            9 => Test::NotIn(self.texts()?),
            10 => Test::NotMatches(self.text()?),
            _ => return None,
        };
        Some(Condition {
            fact,
            test,
            if_exists,
        })
    }

    fn value(&mut self) -> Option<Value> {
        Some(match self.bytes.byte()? {
            0 => Value::Bool(false),
            1 => Value::Bool(true),
            2 => Value::Integer(self.integer()?),
            3 => Value::Text(self.text()?),
            _ => return None,
        })
    }

    fn integer(&mut self) -> Option<i64> {
        let (number, _) = self.bytes.take(8)?.split_first_chunk()?;
        Some(i64::from_le_bytes(*number))
    }

    fn nodes(&mut self) -> Option<Vec<Node>> {
        let count = self.bytes.count(limits::NODES_MAX)?;
        let mut ids = self.bytes.text()?;
        let mut nodes: Vec<Node> = Vec::with_capacity(count.min(self.bytes.rest.len()));
        for at in 0..count {
            let (id, rest) = ids.split_at_checked(self.bytes.index()?)?;
            ids = rest;
            let packed = self.bytes.index()?;
            let level = Level::ALL.get(packed & 3)?;
            let parent = match at {
                0 => None,
                _ => Some(nodes.get(packed >> 3)?.id.clone()),
            };
            nodes.push(Node {
                id: id.to_owned(),
                level: *level,
                parent,
                owned: packed & 4 != 0,
            });
        }
        ids.is_empty().then_some(nodes)
    }

    fn grant(&mut self, nodes: &[Node]) -> Option<Grant> {
        let role = self.role_name()?;
        let node = self.node_name(nodes)?;
        let (window, group) = self.window()?;
        Some(Grant {
            role,
            node,
            window,
            group,
        })
    }

    fn token(&mut self, nodes: &[Node]) -> Option<TokenLimit> {
        let permissions = if self.flag()? {
            Some(self.set()?)
        } else {
            None
        };
        let node = if self.flag()? {
            Some(self.node_name(nodes)?)
        } else {
            None
        };
        let (window, group) = self.window()?;
        group.is_none().then_some(TokenLimit {
            permissions,
            node,
            window,
        })
    }

    fn window(&mut self) -> Option<(Window, Option<String>)> {
        let flags = self.bytes.byte()?;
        if flags > HAS_GROUP | HAS_START | HAS_END {
            return None;
        }
        let group = if flags & HAS_GROUP == 0 {
            None
        } else {
            Some(self.text()?)
        };
        let mut time = |flag: u8| {
            if flags & flag == 0 {
                Some(None)
            } else {
                self.bytes.number().map(Some)
            }
        };
        let window = Window {
            not_before_ms: time(HAS_START)?,
            expires_at_ms: time(HAS_END)?,
        };
        Some((window, group))
    }
}

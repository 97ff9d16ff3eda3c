//! What a token or key is narrowed to, as its object tells it and as an organization sees it (law 6).

use lockstep_wire::TokenRecord;
use serde::{Deserialize, Serialize};

/// What a token or key may do at most, whatever its principal may.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Narrow {
    /// Permission ids that it may use; all of its principal's, when absent.
    pub scopes: Option<Vec<String>>,
    /// Where it may act; everywhere, when absent.
    pub subtree: Option<Subtree>,
    /// When it was made, in Unix milliseconds.
    pub created_at_ms: i64,
    /// When its secret was made, in Unix milliseconds, if that was later.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub secret_made_at_ms: Option<i64>,
    /// From when on it is over, in Unix milliseconds; never, when absent.
    pub expires_at_ms: Option<i64>,
    /// The person who has seen the secret of a service key, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<String>,
}

/// A node of one organization, and all that lies below it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Subtree {
    /// Organization id.
    pub organization: String,
    /// Node id; the organization itself is one.
    pub node: String,
}

/// A token or key, as one organization sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenUse {
    /// What it may do at most in this organization.
    pub record: TokenRecord,
    /// How long it lives from its making to its end, in seconds; for ever, when absent.
    pub lifetime_s: Option<i64>,
    /// When its secret was made, in Unix milliseconds, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub made_at_ms: Option<i64>,
    /// The person who has seen the secret of a service key, as far as that is known.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub seen_by: Option<String>,
}

impl Narrow {
    /// Whether it is less than its principal by anything but time.
    #[must_use]
    pub const fn is_limited(&self) -> bool {
        self.scopes.is_some() || self.subtree.is_some()
    }

    /// What is left of it in `organization`: nothing, for a subtree of another one.
    #[must_use]
    pub fn within(&self, organization: &str) -> TokenUse {
        let is_elsewhere =
            |subtree: &Subtree| (subtree.organization != organization).then(Vec::new);
        let elsewhere = self.subtree.as_ref().and_then(is_elsewhere);
        let unsigned = |at_ms: i64| u64::try_from(at_ms).unwrap_or(0);
        TokenUse {
            record: TokenRecord {
                permissions: elsewhere.or_else(|| self.scopes.clone()),
                node: self.subtree.as_ref().map(|subtree| subtree.node.clone()),
                not_before_ms: None,
                expires_at_ms: self.expires_at_ms.map(unsigned),
            },
            lifetime_s: self
                .expires_at_ms
                .map(|at_ms| at_ms.saturating_sub(self.created_at_ms).saturating_add(999) / 1_000),
            made_at_ms: Some(self.secret_made_at_ms.unwrap_or(self.created_at_ms)),
            seen_by: self.seen_by.clone(),
        }
    }
}

impl TokenUse {
    /// What it may do at most for a member whose tokens count from `since_ms` on: nothing, when it was made before.
    #[must_use]
    pub fn since(&self, since_ms: Option<i64>) -> TokenRecord {
        let is_older = |since_ms| {
            self.made_at_ms
                .is_none_or(|made_at_ms| made_at_ms < since_ms)
        };
        let nothing = since_ms.is_some_and(is_older).then(Vec::new);
        TokenRecord {
            permissions: nothing.or_else(|| self.record.permissions.clone()),
            ..self.record.clone()
        }
    }

    /// Whether it lives no longer than an organization allows.
    #[must_use]
    pub fn lives_within(&self, lifetime_max_s: Option<i64>) -> bool {
        lifetime_max_s.is_none_or(|max_s| self.lifetime_s.is_some_and(|life_s| life_s <= max_s))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn narrow(node: Option<(&str, &str)>, expires_at_ms: Option<i64>) -> Narrow {
        Narrow {
            scopes: Some(vec!["a".to_owned()]),
            subtree: node.map(|(organization, node)| Subtree {
                organization: organization.to_owned(),
                node: node.to_owned(),
            }),
            created_at_ms: 1_000,
            secret_made_at_ms: None,
            expires_at_ms,
            seen_by: None,
        }
    }

    #[test]
    fn a_subtree_of_another_organization_leaves_nothing() {
        let token = narrow(Some(("org_1", "ws_1")), None);
        let here = token.within("org_1").record;
        assert_eq!(here.permissions, Some(vec!["a".to_owned()]));
        assert_eq!(here.node.as_deref(), Some("ws_1"));
        assert_eq!(token.within("org_2").record.permissions, Some(Vec::new()));
        let everything = Narrow {
            scopes: None,
            ..token
        };
        assert_eq!(everything.within("org_1").record.permissions, None);
        assert_eq!(
            everything.within("org_2").record.permissions,
            Some(Vec::new())
        );
    }

    #[test]
    fn a_life_is_counted_in_seconds_that_were_begun() {
        let life = |expires_at_ms| narrow(None, expires_at_ms).within("org_1");
        assert!(life(Some(61_000)).lives_within(Some(60)));
        assert!(!life(Some(61_001)).lives_within(Some(60)));
        assert!(!life(None).lives_within(Some(i64::MAX)), "for ever");
        assert!(life(None).lives_within(None));
    }

    #[test]
    fn a_token_counts_from_the_moment_on_that_its_secret_was_made() {
        let old = narrow(None, None);
        let rotated = Narrow {
            secret_made_at_ms: Some(2_000),
            ..old.clone()
        };
        let given = |token: &TokenUse, since_ms| token.since(since_ms).permissions;
        let all = Some(vec!["a".to_owned()]);
        for (token, made_at_ms) in [(old, 1_000), (rotated, 2_000)] {
            let token = token.within("org_1");
            assert_eq!(given(&token, None), all);
            assert_eq!(given(&token, Some(made_at_ms)), all);
            assert_eq!(given(&token, Some(made_at_ms + 1)), Some(Vec::new()));
        }
        // Code of before did not say when.
        let unknown = TokenUse {
            made_at_ms: None,
            ..narrow(None, None).within("org_1")
        };
        assert_eq!(given(&unknown, Some(0)), Some(Vec::new()));
        assert_eq!(given(&unknown, None), all);
    }
}

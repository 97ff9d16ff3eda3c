//! The policy as the page's evaluator reads it: compiled, so that the page does not compile again, and
//! in bytes, so that it parses nothing.
//!
//! ```text
//! policy      = "plcy" format digest rights: number, everyone: set, everyone's denials: set,
//!               features: texts, custom levels: level*, custom additions: flag,
//!               guard* permission* role* ownership* rule* denial* replacement* checksum
//! format      = 3                          one byte
//! guard       = condition*
//! permission  = id: text, because: text, level, personal: flag, guard: optional, plan: number*,
//!               implied: number*, (right: number, guard: number)*
//! role        = id: text, name: text, level, override: flag, rights: set, denials: set,
//!               flag [cap: set]
//! ownership   = level, rights: set
//! rule        = id: text, because: text
//! denial      = permission: number, guard: optional, rule: number
//! replacement = feature: number, level, role: number
//! optional    = 0 | 1 + number
//! flag        = 0 | 1
//! set         = count, so many bytes: a bit for each number, the lowest of the first byte first
//! checksum    = four bytes, the lowest first, over all that comes before
//! ```
//! What has a star begins with its count; numbers, texts and counts are those of [`crate::bytes`],
//! conditions those of [`crate::flat`].

mod read;
mod write;

use alloc::string::String;
use alloc::vec::Vec;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use lockstep_core::PolicyParts;
use serde::de::Error as _;
use serde::{Deserialize, Serialize};

use crate::{CompiledPolicy, PolicyDocument, PolicyDocumentError, nesting};

pub use read::GatePolicy;

const MAGIC: &[u8; 4] = b"plcy";
/// The only version of the compiled form that this release reads and writes. The first two were JSON.
const FORMAT: u8 = 3;

/// What `GET /v1/policy` answers: the document for people and tools, and its compiled form for gates.
/// [`CompiledPolicy::from_view`] reads it.
#[derive(Debug, Serialize)]
pub struct PolicyView<'a> {
    #[serde(flatten)]
    document: &'a PolicyDocument,
    gate: GateView<'a>,
}

#[derive(Debug, Serialize)]
struct GateView<'a> {
    format: u8,
    digest: &'a str,
    /// In base64.
    compiled: String,
}

impl PolicyView<'_> {
    /// The version of the compiled form.
    pub const FORMAT: u8 = FORMAT;
}

impl<'a> PolicyView<'a> {
    /// `policy` as it is served.
    #[must_use]
    pub fn new(policy: &'a CompiledPolicy) -> Self {
        // Every policy that was compiled has a digest; without one there would be nothing to read.
        let bytes = policy.to_bytes().unwrap_or_default();
        Self {
            document: &policy.document,
            gate: GateView {
                format: FORMAT,
                digest: &policy.digest,
                compiled: STANDARD.encode(bytes),
            },
        }
    }

    /// The view as JSON.
    #[must_use]
    pub fn to_json(&self) -> Vec<u8> {
        // Only strings, numbers, lists and maps with string keys, which JSON can always write.
        serde_json::to_vec(self).unwrap_or_default()
    }
}

/// A [`PolicyView`] read.
#[derive(Deserialize)]
struct Served {
    #[serde(flatten)]
    document: PolicyDocument,
    gate: ServedGate,
}

#[derive(Deserialize)]
struct ServedGate {
    digest: String,
}

impl CompiledPolicy {
    /// Reads what `GET /v1/policy` answers, and compiles the document that is in it.
    ///
    /// # Errors
    /// When it is not that, or the document is wrong, or another one than the answer's digest says: written
    /// by another release, perhaps.
    pub fn from_view(json: &str) -> Result<Self, PolicyDocumentError> {
        let refused = |message: &str| PolicyDocumentError::Json(serde_json::Error::custom(message));
        nesting::check(json).map_err(|error| refused(&error.message))?;
        let served: Served = serde_json::from_str(json).map_err(PolicyDocumentError::Json)?;
        let policy = Self::new(served.document).map_err(PolicyDocumentError::Policy)?;
        if policy.digest != served.gate.digest {
            return Err(refused(
                "the document has another digest than `gate.digest`",
            ));
        }
        Ok(policy)
    }

    /// The compiled form that gates read; `None` when the digest is none.
    #[must_use]
    pub fn to_bytes(&self) -> Option<Vec<u8>> {
        write::write(&PolicyParts::from(&*self.policy), &self.digest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{compile_toml, digest};

    fn shipped() -> Vec<CompiledPolicy> {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../policies");
        let files = std::fs::read_dir(folder).unwrap();
        let paths = files.map(|file| file.unwrap().path());
        let paths = paths.filter(|path| path.extension().is_some_and(|kind| kind == "toml"));
        let text = |path| std::fs::read_to_string(path).unwrap();
        paths
            .map(|path| compile_toml(&text(path)).unwrap())
            .collect()
    }

    #[test]
    fn every_shipped_policy_survives_the_way_to_the_page() {
        let shipped = shipped();
        assert!(shipped.len() >= 4);
        for policy in shipped {
            let served = String::from_utf8(PolicyView::new(&policy).to_json()).unwrap();
            let read = CompiledPolicy::from_view(&served).unwrap();
            assert_eq!(
                (read.digest, read.document),
                (policy.digest.clone(), policy.document.clone())
            );
            let view: serde_json::Value = serde_json::from_str(&served).unwrap();
            assert_eq!(view["gate"]["digest"], policy.digest.as_str());
            let bytes = STANDARD.decode(view["gate"]["compiled"].as_str().unwrap());
            let gate = GatePolicy::read(bytes.unwrap()).unwrap();
            assert_eq!(Some(gate.digest), digest::of_hex(&policy.digest));
            let [page, again, own] =
                [&gate.policy, &gate.anew().unwrap(), &policy.policy].map(PolicyParts::from);
            assert_eq!(page, own);
            assert_eq!(again, own);
        }
    }

    #[test]
    fn what_is_served_is_the_document_of_its_digest() {
        let policy = compile_toml(POLICY).unwrap();
        let served = String::from_utf8(PolicyView::new(&policy).to_json()).unwrap();
        assert!(CompiledPolicy::from_view(&served).is_ok());
        let member = r#""name":"Admin""#;
        assert!(served.contains(member));
        for other in [
            served.replace(member, r#""name":"Chief""#),
            served.replace(member, r#""name":"Admin","nick":"A""#),
            served.replacen('{', r#"{"id":"p","#, 1),
            served.replace(r#""gate":"#, r#""door":"#),
            String::from_utf8(policy.to_json()).unwrap(),
        ] {
            assert!(CompiledPolicy::from_view(&other).is_err(), "{other}");
        }
    }

    /// The smallest policy with something of everything that the form has.
    const POLICY: &str = r#"
        id = "p"
        name = "P"
        everyone = ["leave"]
        [[roles]]
        id = "admin"
        name = "Admin"
        level = "organization"
        admin = true
        override = true
        [[roles]]
        id = "guest"
        level = "organization"
        cap = "viewer"
        [[roles]]
        id = "viewer"
        level = "workspace"
        [[permissions]]
        id = "read"
        level = "workspace"
        allow = ["viewer"]
        plan = ["extra"]
        [[permissions]]
        id = "write"
        level = "workspace"
        implies = ["read"]
        guard = [{ fact = "resource.open", equals = true }]
        because = "Closed."
        conditional = [{ roles = ["viewer"], when = [{ fact = "resource.size", at_most = 3 }] }]
        [[permissions]]
        id = "leave"
        level = "organization"
        personal = true
        [[rules]]
        id = "freeze"
        effect = "deny"
        permissions = ["write"]
        when = [{ fact = "resource.frozen", equals = true }]
        [ownership]
        workspace = ["write"]
        [plan]
        features = ["extra", "flat"]
        replace = { flat = { workspace = "viewer" } }
        [custom_roles]
        levels = ["workspace"]
        additions = true
    "#;

    #[test]
    fn any_changed_byte_and_any_cut_is_refused() {
        let policy = compile_toml(POLICY).unwrap();
        let good = policy.to_bytes().unwrap();
        assert!(GatePolicy::read(good.clone()).is_some());
        for at in 0..good.len() {
            for bit in 0..8 {
                let mut bytes = good.clone();
                bytes[at] ^= 1 << bit;
                assert!(GatePolicy::read(bytes).is_none(), "bit {bit} of byte {at}");
            }
            assert!(
                GatePolicy::read(good[..at].to_vec()).is_none(),
                "cut at {at}"
            );
        }
        // Also with a sum that fits: a body that ends early is no body.
        let body = &good[..good.len() - 4];
        for at in 0..body.len() {
            let cut = digest::with_checksum(body[..at].to_vec());
            assert!(GatePolicy::read(cut).is_none(), "cut at {at}, summed anew");
        }
        let longer = digest::with_checksum([body, &[0]].concat());
        assert!(GatePolicy::read(longer).is_none(), "something follows");
    }

    #[test]
    fn another_format_and_what_points_nowhere_is_refused() {
        let policy = compile_toml(POLICY).unwrap();
        let parts = PolicyParts::from(&*policy.policy);
        let reads = |change: &dyn Fn(&mut PolicyParts)| {
            let mut parts = parts.clone();
            change(&mut parts);
            GatePolicy::read(write::write(&parts, &policy.digest).unwrap()).is_some()
        };
        assert!(reads(&|_| ()));
        assert!(!reads(&|parts| parts.guards.clear()));
        assert!(!reads(&|parts| parts.rules.clear()));
        assert!(!reads(&|parts| parts.features.clear()));
        let mut other = policy.to_bytes().unwrap();
        other.truncate(other.len() - 4);
        other[4] = FORMAT + 1;
        assert!(GatePolicy::read(digest::with_checksum(other)).is_none());
        assert_eq!(write::write(&parts, "no digest"), None);
    }
}

//! What Lockstep writes and reads: policy documents, snapshots and decisions as TOML, JSON and bytes.
//!
//! The types here are shapes. They hold no rule about permissions: each is turned into a type of
//! `lockstep-core`, or made from one, and everything that decides lives there.
//!
//! A service beside the edge decides by the policy and a snapshot, as a page does:
//!
//! ```
//! use lockstep_core::{Access, Facts};
//! use lockstep_wire::{CompiledPolicy, DecisionView, Snapshot};
//!
//! // A file with the feature `toml` (`compile_toml`), what `GET /v1/policy` answers
//! // (`CompiledPolicy::from_view`), or the document as JSON:
//! let policy = CompiledPolicy::from_json(r#"{
//!     "id": "mine", "name": "Mine",
//!     "roles": [
//!         {"id": "admin", "name": "Admin", "level": "organization", "admin": true},
//!         {"id": "member", "name": "Member", "level": "organization"}
//!     ],
//!     "permissions": [{"id": "members.invite", "level": "organization", "allow": ["admin"]}]
//! }"#)?;
//!
//! // As `GET /v1/organizations/{org}/snapshot` answers. One of another policy is refused.
//! let text = format!(r#"{{
//!     "format": 3, "policy": {{"id": "mine", "digest": "{}"}},
//!     "organization": "org_1", "principal": "usr_ben", "epoch": 7, "server_time_ms": 1764000000000,
//!     "nodes": [{{"id": "org_1", "level": "organization"}}],
//!     "grants": [{{"role": "member", "node": "org_1", "expires_at_ms": 1764000060000}}]
//! }}"#, policy.digest);
//! let snapshot = Snapshot::read(text.as_bytes(), &policy)?;
//!
//! let now_ms = snapshot.server_time_ms;
//! let access = Access::resolve(&policy.policy, snapshot.record(), now_ms)?;
//! let answer = DecisionView::decide(&access, "members.invite", "org_1", &Facts::default())?;
//! assert!(!answer.decision);
//! assert_eq!(answer.reasons[0].code, "no-grant");
//! assert_eq!(answer.reasons[0].text, "This needs the role Admin in this organization.");
//!
//! // From then on the snapshot is resolved anew. What was changed meanwhile, only a new one says.
//! assert_eq!(access.changes_at_ms(), Some(1_764_000_060_000));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! Times are Unix milliseconds.
#![cfg_attr(not(feature = "toml"), no_std)]

extern crate alloc;

mod audit;
mod authzen;
mod bytes;
mod condition;
mod decision;
mod digest;
mod directory;
mod document;
mod domain;
mod exported;
mod facts;
mod flat;
mod gate_policy;
mod invitation;
mod issuer;
mod json;
mod nesting;
mod plan;
mod policy;
mod question;
mod reason;
mod resource_types;
mod rule;
#[cfg(feature = "schema")]
mod schema;
mod sentence;
mod service_account;
mod setting;
mod snapshot;
mod structure;
#[cfg(feature = "toml")]
mod suggestion;
mod table;
mod tokens;
#[cfg(feature = "toml")]
mod toml_source;
#[cfg(feature = "toml")]
mod toml_value;
mod unique_map;
mod webhook;
mod world;

pub use audit::{
    AuditChange, AuditCredential, AuditEnd, AuditError, AuditFields, AuditOutcome, AuditPoint,
    AuditRow, AuditStart, AuditValue,
};
pub use authzen::{
    EVALUATIONS_MAX, Entity, ErrorDetail, ErrorView, EvaluationContext, EvaluationFault,
    EvaluationRequest, EvaluationResponse, Evaluations, Location, NamedBy, PageView, RequestError,
    Search, SearchRequest, SearchResponse, Semantic,
};
pub use condition::{ConditionDocument, Scalar};
pub use decision::{
    DecisionView, GrantView, ReasonView, UnknownPermission, decision_json, refusal_json,
};
pub use directory::{
    AcceptedView, ChangeMemberRequest, ChangeMembersRequest, ChangeRoleRequest, EvaluateRequest,
    ListedOrganization, MemberRoleView, MemberView, NameRequest, OrganizationChangeRequest,
    OrganizationReference, OrganizationView, ResourceRequest,
};
pub use document::{
    CaseDocument, ConditionalDocument, CustomRolesDocument, EffectName, LevelName,
    PermissionDocument, PolicyDocument, RoleDocument, RuleDocument,
};
pub use domain::{
    DomainChangeRequest, DomainRecordView, DomainRequest, DomainView, DomainsView,
    JoinableOrganizationView, JoinableView,
};
pub use exported::{
    EXPORT_FORMAT, ExportedAccount, ExportedGrant, ExportedGroup, ExportedMember, ExportedNode,
    ExportedOrganization, ExportedRole, ExportedRule, ExportedSetting, IMPORT_BYTES_MAX,
    IMPORT_MEMBERS_MAX, ImportedView, LeftOutView, ProblemText,
};
pub use facts::{FACT_NAME_BYTES_MAX, FactsView};
pub use flat::{FlatReader, read_facts};
pub use gate_policy::{GatePolicy, PolicyView};
pub use invitation::{
    InvitationBringsView, InvitationPreview, InvitationResultView, InvitationResultsView,
    InvitationView, InvitationsRequest, InviteRequest, LinkRequest, LinkView, ResendAllRequest,
    ResendRequest, ResendResultView, ResendResultsView, WorkspaceRoleRequest, WorkspaceRoleView,
};
pub use issuer::{IssuerChangeRequest, IssuerRequest, IssuerView, IssuersView};
pub use nesting::{POLICY_BYTES_MAX, REQUEST_BYTES_MAX, WORLD_BYTES_MAX};
pub use plan::{
    OfferDocument, PlanDocument, PlanPreviewRequest, PlanPreviewView, PlanRequest, PlanView,
};
pub use policy::{CompiledPolicy, PolicyDocumentError};
pub use question::{EXPECTATIONS, Expectation, QuestionDocument};
#[cfg(feature = "toml")]
pub use question::{QuestionError, check_facts};
pub use resource_types::ResourceTypes;
pub use rule::{RuleChangeRequest, RulePreviewRequest, RulePreviewView, RuleRequest, RuleView};
#[cfg(feature = "schema")]
pub use schema::SchemaOf;
pub use sentence::{Sentences, sentence};
pub use service_account::{
    GrantRequest, ServiceAccountChangeRequest, ServiceAccountRequest, ServiceAccountView,
    ServiceKeyRequest, ServiceKeyView, ServiceKeysView,
};
pub use setting::{
    ConfigurationView, ConfiguredView, CurrentDatabaseRequest, DatabaseSetting, FeedbackScale,
    FeedbackSetting, MaskedView, NumbersScale, PreferenceSetting, ProviderSetting, ResealView,
    SecretSetting, SecretText, SettingRequest, SettingValue, SettingView,
};
pub use snapshot::{
    CustomRoleRecord, GrantRecord, Held, KindName, NodeRecord, PolicyReference, SNAPSHOT_FORMAT,
    Snapshot, SnapshotError, TokenRecord,
};
pub use structure::{
    AccessChangeView, GroupGrantView, GroupMemberView, GroupRequest, GroupView, MoveRequest,
    NodeGrantRequest, NodeMemberRequest, NodeMemberView, NodeMembersRequest, OwnerRequest,
    ProjectRequest, ProjectView, ResultView, ResultsView, RoleChangeRequest, RolePreviewRequest,
    RolePreviewView, RoleRequest, RoleView, WorkspaceChangeRequest, WorkspaceView,
};
#[cfg(feature = "toml")]
pub use suggestion::suggestion;
pub use tokens::TokensDocument;
#[cfg(feature = "toml")]
pub use toml_source::{Place, Places, SourceError, compile_toml, locate_in_world, read_world};
pub use webhook::{
    WebhookChangeRequest, WebhookDeliveryView, WebhookRequest, WebhookView, WebhooksView,
};
#[cfg(feature = "toml")]
pub use world::WithoutEffect;
pub use world::{
    CustomRoleDocument, GrantDocument, GroupDocument, PrincipalDocument, TokenDocument,
    WorldDocument, WorldNodeDocument,
};

//! JSON Schemas of what people and programs write, so that editors complete it and others can check it.

use alloc::boxed::Box;
use alloc::collections::BTreeMap;
use alloc::string::String;

use schemars::generate::SchemaSettings;
use schemars::{JsonSchema, Schema};
use serde_json::Value;

use crate::{
    AuditEnd, AuditRow, AuditStart, DecisionView, ErrorView, ExportedOrganization, PolicyDocument,
    Snapshot, WorldDocument,
};

/// What there is a schema of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SchemaOf {
    /// A line of an exported audit log.
    Audit,
    /// What `lockstep evaluate` writes on a line.
    Decision,
    /// An exported organization.
    Organization,
    /// A policy.
    Policy,
    /// What `lockstep evaluate` reads on a line.
    Request,
    /// A snapshot.
    Snapshot,
    /// A world, with or without questions.
    World,
}

impl SchemaOf {
    /// The schema, as JSON Schema 2020-12.
    #[must_use]
    pub fn schema(self) -> Value {
        let schema = match self {
            Self::Audit => of::<AuditLine>(),
            Self::Decision => of::<Answer>(),
            Self::Organization => of::<ExportedOrganization>(),
            Self::Policy => of::<PolicyDocument>(),
            Self::Request => of::<Request>(),
            Self::Snapshot => of::<Snapshot>(),
            Self::World => of::<WorldDocument>(),
        };
        schema.into()
    }
}

fn of<T: JsonSchema>() -> Schema {
    SchemaSettings::draft2020_12()
        .into_generator()
        .into_root_schema_for::<T>()
}

/// The first line, a row, or the last line.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a shape")]
enum AuditLine {
    Start(AuditStart),
    Row(Box<AuditRow>),
    End(AuditEnd),
}

/// A decision, or what was wrong with the request.
#[derive(JsonSchema)]
#[schemars(untagged)]
#[expect(dead_code, reason = "a shape")]
enum Answer {
    Decision(DecisionView),
    Error(ErrorView),
}

/// The body of an AuthZEN evaluation. Members that nobody knows are ignored.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape")]
struct Request {
    /// Who asks to act.
    subject: Entity,
    /// What they would do.
    action: Action,
    /// On what.
    resource: Resource,
    /// The facts `context.<name>`.
    context: Option<Properties>,
    /// Several requests are lines of their own, so there is none in it.
    #[schemars(length(max = 0))]
    evaluations: Option<Vec<Value>>,
}

/// Who acts.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape")]
struct Entity {
    /// What it is, such as `user`.
    r#type: String,
    /// Its id.
    id: String,
    /// Facts about it: `principal.properties.<name>`.
    properties: Option<Properties>,
}

/// What is done.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape")]
struct Action {
    /// Id of the permission.
    name: String,
    /// The facts `action.<name>`.
    properties: Option<Properties>,
}

/// What it is done to.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape")]
struct Resource {
    /// `organization`, `workspace` or `project` for a node; anything else for what lies in one.
    r#type: String,
    /// Its id.
    id: String,
    /// Where it lies, and the facts `resource.<name>`.
    properties: Option<ResourceProperties>,
}

/// Where a resource lies, and facts about it.
#[derive(JsonSchema)]
#[expect(dead_code, reason = "a shape")]
struct ResourceProperties {
    /// Id of the workspace that it lies in.
    workspace: Option<String>,
    /// Id of the project that it lies in.
    project: Option<String>,
    #[schemars(flatten)]
    facts: Properties,
}

type Properties = BTreeMap<String, Value>;

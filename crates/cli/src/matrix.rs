//! `lockstep matrix`: who may do what.

mod markdown;
mod text;

use lockstep_core::{Cell, Level, MatrixRow, Operation, RoleId};
use lockstep_wire::CompiledPolicy;
use serde::ser::{Serialize, SerializeMap, Serializer};

use crate::arguments::Format;
use crate::definitions::{Definition, definitions};
use crate::error::CommandError;

/// The matrix of `policy` in `format`, with a newline at its end.
///
/// # Errors
/// When it cannot be written as JSON.
pub(crate) fn print(policy: &CompiledPolicy, format: Format) -> Result<String, CommandError> {
    let matrix = Matrix::of(policy);
    match format {
        Format::Json => {
            let mut json = serde_json::to_string_pretty(&matrix).map_err(CommandError::Json)?;
            json.push('\n');
            Ok(json)
        }
        Format::Markdown => Ok(markdown::print(&matrix)),
        Format::Text => Ok(text::print(&matrix)),
    }
}

/// The matrix, named for people.
#[derive(serde::Serialize)]
struct Matrix {
    /// Id of the policy.
    policy: String,
    #[serde(skip)]
    name: String,
    /// Names of the roles: the organization's first, then the workspace's, then the project's.
    roles: Vec<String>,
    rows: Vec<Row>,
    operations: Operations,
    definitions: Definitions,
}

#[derive(serde::Serialize)]
struct Row {
    id: String,
    label: String,
    level: &'static str,
    #[serde(skip_serializing_if = "String::is_empty")]
    confidence: String,
    cells: Cells,
}

/// A cell for each role of the row's level, by the role's name, in the policy's order.
struct Cells(Vec<(String, Cell)>);

/// What the directory does, each with the permission that it asks for. What is not here is open to nobody.
struct Operations(Vec<(&'static str, String)>);

/// What no cell shows: caps, rules, ownership, conditions and so on.
struct Definitions(Vec<Definition>);

impl Matrix {
    fn of(compiled: &CompiledPolicy) -> Self {
        let policy = &compiled.policy;
        let roles = Level::ALL.iter().flat_map(|level| {
            let of_level = policy
                .roles()
                .iter()
                .filter(move |role| role.level == *level);
            of_level.map(|role| role.name.clone())
        });
        Self {
            policy: policy.id().to_owned(),
            name: compiled.document.name.clone(),
            roles: roles.collect(),
            rows: lockstep_core::matrix(policy)
                .into_iter()
                .map(|row| Row::of(compiled, row))
                .collect(),
            operations: Operations(
                Operation::ALL
                    .iter()
                    .filter_map(|operation| {
                        let permission = policy.operation_permission(*operation)?;
                        Some((operation.as_str(), permission.to_owned()))
                    })
                    .collect(),
            ),
            definitions: Definitions(definitions(compiled)),
        }
    }

    /// All tables, under their headings: the heading of each table's columns, then its lines.
    fn sections(&self) -> impl Iterator<Item = (&str, Vec<Vec<&str>>)> {
        let levels = self.tables().map(|table| (table.level, table.lines()));
        let others = [
            ("operations", self.operations.lines()),
            ("definitions", self.definitions.lines()),
        ];
        let others = others.into_iter();
        levels.chain(others.filter(|(_, lines)| !lines.is_empty()))
    }

    /// The levels that have rows, each with the names of its roles and its rows.
    fn tables(&self) -> impl Iterator<Item = Table<'_>> {
        Level::ALL.iter().filter_map(|level| {
            let rows = self.rows.iter().filter(|row| row.level == level.as_str());
            let rows: Vec<&Row> = rows.collect();
            let first = rows.first()?;
            Some(Table {
                level: level.as_str(),
                roles: first
                    .cells
                    .0
                    .iter()
                    .map(|(role, _)| role.as_str())
                    .collect(),
                has_confidence: rows.iter().any(|row| !row.confidence.is_empty()),
                rows,
            })
        })
    }
}

impl Row {
    fn of(compiled: &CompiledPolicy, row: MatrixRow) -> Self {
        let policy = &compiled.policy;
        let name = |role: RoleId| policy.describe_role(role).map(|role| role.name.clone());
        let level = policy.describe(row.permission).map(|known| known.level);
        let documents = &compiled.document.permissions;
        Self {
            id: row.id,
            label: row.label,
            level: level.unwrap_or(Level::Organization).as_str(),
            confidence: documents
                .get(row.permission.index())
                .map(|document| document.confidence.clone())
                .unwrap_or_default(),
            cells: Cells(
                row.cells
                    .into_iter()
                    .filter_map(|(role, cell)| Some((name(role)?, cell)))
                    .collect(),
            ),
        }
    }
}

impl Serialize for Cells {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(Some(self.0.len()))?;
        for (role, cell) in &self.0 {
            map.serialize_entry(role, cell.as_str())?;
        }
        map.end()
    }
}

impl Serialize for Operations {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(
            self.0
                .iter()
                .map(|(operation, permission)| (operation, permission)),
        )
    }
}

impl Serialize for Definitions {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.0.iter().map(|(what, how)| (what, how)))
    }
}

impl Definitions {
    /// The heading, then a line for each; nothing when there is none.
    fn lines(&self) -> Vec<Vec<&str>> {
        let lines = self.0.iter();
        let lines = lines.map(|(what, how)| vec![what.as_str(), how.as_str()]);
        let all = std::iter::once(vec!["definition", "is"]).chain(lines);
        all.filter(|_| !self.0.is_empty()).collect()
    }
}

impl Operations {
    /// The heading, then a line for each; nothing when there is none.
    fn lines(&self) -> Vec<Vec<&str>> {
        let lines = self.0.iter();
        let lines = lines.map(|(operation, permission)| vec![*operation, permission.as_str()]);
        let heading = vec!["operation", "permission"];
        let all = std::iter::once(heading).chain(lines);
        all.filter(|_| !self.0.is_empty()).collect()
    }
}

/// The rows of one level.
struct Table<'a> {
    level: &'static str,
    roles: Vec<&'a str>,
    has_confidence: bool,
    rows: Vec<&'a Row>,
}

impl<'a> Table<'a> {
    /// The heading, then a line for each row: id, label, one cell for each role, confidence.
    fn lines(&self) -> Vec<Vec<&'a str>> {
        let mut heading = vec!["permission", "label"];
        heading.extend(&self.roles);
        if self.has_confidence {
            heading.push("confidence");
        }
        let lines = self.rows.iter().map(|row| {
            let mut line = vec![row.id.as_str(), row.label.as_str()];
            line.extend(row.cells.0.iter().map(|(_, cell)| cell.as_str()));
            if self.has_confidence {
                line.push(&row.confidence);
            }
            line
        });
        std::iter::once(heading).chain(lines).collect()
    }
}

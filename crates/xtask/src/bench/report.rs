//! The table, for the terminal and for docs/performance.md alike.

use std::path::Path;

use super::rows::{Mark, Row, Unit};
use crate::error::TaskError;

/// A table of the document.
#[derive(Clone, Copy, Debug)]
pub(super) enum Table {
    /// Changes of the directory and its lists.
    Directory,
    /// The running Worker.
    Edge,
    /// The evaluator and its peers.
    Evaluator,
    /// Where the time of the running Worker goes.
    Profile,
}

impl Table {
    /// Between this and [`END`] the document holds the table of the last run.
    const fn begin(self) -> &'static str {
        match self {
            Self::Directory => "<!-- written by `cargo xtask bench --directory` -->\n",
            Self::Edge => "<!-- written by `cargo xtask bench --edge` -->\n",
            Self::Evaluator => "<!-- written by `cargo xtask bench` -->\n",
            Self::Profile => "<!-- written by `cargo xtask bench --profile` -->\n",
        }
    }
}

const END: &str = "<!-- end -->\n";

/// The rows as a Markdown table.
pub(super) fn table(machine: &str, rows: &[Row]) -> String {
    let mut lines: Vec<[String; 7]> =
        vec![["what", "ours", "against", "theirs", "ratio", "mark", "met"].map(str::to_owned)];
    lines.extend(rows.iter().map(cells));
    aligned(machine, &lines)
}

/// A Markdown table whose columns are also straight in a terminal.
pub(super) fn aligned<const N: usize>(machine: &str, lines: &[[String; N]]) -> String {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let widths: [usize; N] = std::array::from_fn(width);
    let mut text = format!("On {machine}. Absolute figures are this machine's.\n\n");
    for (number, line) in lines.iter().enumerate() {
        let cells: Vec<String> = line
            .iter()
            .zip(widths)
            .map(|(cell, width)| format!("{cell:<width$}"))
            .collect();
        text.push_str(&format!("| {} |\n", cells.join(" | ")));
        if number == 0 {
            let rule = widths.map(|width| "-".repeat(width + 2));
            text.push_str(&format!("|{}|\n", rule.join("|")));
        }
    }
    text
}

fn cells(row: &Row) -> [String; 7] {
    let figure =
        |value: Option<f64>| value.map_or_else(|| "none".to_owned(), |v| with_unit(v, row.unit));
    [
        row.what.clone(),
        figure(row.ours),
        row.peer.clone(),
        if row.peer.is_empty() {
            String::new()
        } else {
            figure(row.theirs)
        },
        row.ratio()
            .map_or_else(String::new, |ratio| format!("{} x", rounded(ratio))),
        match row.mark {
            Mark::AtMost(most) => format!("at most {most} x it"),
            Mark::AtLeast(least) => format!("{least} x better"),
            Mark::Limit(limit) => format!("at most {}", with_unit(limit, row.unit)),
            Mark::None => String::new(),
        },
        match row.met() {
            Some(true) => "yes",
            Some(false) => "NO",
            None => "",
        }
        .to_owned(),
    ]
}

fn with_unit(value: f64, unit: Unit) -> String {
    let unit = match unit {
        Unit::Nanoseconds => "ns",
        Unit::Microseconds => "µs",
        Unit::Milliseconds => "ms",
        Unit::Instructions => "instructions",
        Unit::Kilobytes => "KB",
        Unit::Mebibytes => "MiB",
        Unit::PerSecond => "per second",
    };
    format!("{} {unit}", rounded(value))
}

/// Three digits, no more: the rest is noise.
fn rounded(value: f64) -> String {
    match value {
        _ if value >= 100.0 => format!("{value:.0}"),
        _ if value >= 10.0 => format!("{value:.1}"),
        _ => format!("{value:.2}"),
    }
}

/// Puts the table into the document.
pub(super) fn write(document: &Path, which: Table, table: &str) -> Result<(), TaskError> {
    let text = std::fs::read_to_string(document).map_err(TaskError::io("read", document))?;
    let text = replaced(&text, which.begin(), table).ok_or_else(|| {
        TaskError::sentence(format!("{} has no place for the table", document.display()))
    })?;
    std::fs::write(document, text).map_err(TaskError::io("write", document))
}

fn replaced(text: &str, begin: &str, table: &str) -> Option<String> {
    let (before, rest) = text.split_once(begin)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!("{before}{begin}\n{table}\n{END}{after}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_row_says_whether_its_mark_is_met() {
        let row = Row {
            what: "a check".to_owned(),
            ours: Some(5.0),
            peer: "a peer".to_owned(),
            theirs: Some(1_234.5),
            unit: Unit::Nanoseconds,
            mark: Mark::AtLeast(200.0),
        };
        let text = table("a machine", &[row]);
        let line = text.lines().last().unwrap_or_default();
        assert_eq!(
            line,
            "| a check | 5.00 ns | a peer  | 1234 ns | 247 x | 200 x better | yes |"
        );
    }

    #[test]
    fn the_table_replaces_the_one_before() {
        let [first, second] = [Table::Evaluator, Table::Edge].map(Table::begin);
        let text = format!("a\n{first}old\n{END}b\n{second}old\n{END}");
        let new = replaced(&text, first, "new").unwrap_or_default();
        assert_eq!(new, format!("a\n{first}\nnew\n{END}b\n{second}old\n{END}"));
        let new = replaced(&text, second, "new").unwrap_or_default();
        assert_eq!(new, format!("a\n{first}old\n{END}b\n{second}\nnew\n{END}"));
        assert_eq!(replaced("a", first, "new"), None);
    }
}

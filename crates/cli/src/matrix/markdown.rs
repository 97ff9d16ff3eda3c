//! The matrix as Markdown tables.

use super::Matrix;
use crate::output::printable;

/// One table for each level, and one of the operations, under a heading.
pub(super) fn print(matrix: &Matrix) -> String {
    let mut text = format!("# {} (`{}`)\n", escape(&matrix.name), matrix.policy);
    for (heading, lines) in matrix.sections() {
        text.push_str(&format!("\n## {heading}\n\n"));
        for (at, line) in lines.iter().enumerate() {
            let cells: Vec<String> = line.iter().map(|cell| escape(cell)).collect();
            text.push_str(&format!("| {} |\n", cells.join(" | ")));
            if at == 0 {
                text.push_str(&format!("|{}\n", " --- |".repeat(line.len())));
            }
        }
    }
    text
}

/// Names and labels are anybody's text: what Markdown would read as a mark is shown as it is.
fn escape(text: &str) -> String {
    let mut escaped = String::new();
    for c in printable(text).chars() {
        match c {
            '\\' | '`' | '*' | '_' | '[' | ']' | '<' | '>' | '|' | '#' => escaped.extend(['\\', c]),
            _ => escaped.push(c),
        }
    }
    escaped
}

//! The matrix as aligned tables.

use super::Matrix;
use crate::output::printable;

/// One table for each level, and one of the operations, its columns as wide as they need to be.
pub(super) fn print(matrix: &Matrix) -> String {
    let mut text = format!("{} ({})\n", printable(&matrix.name), matrix.policy);
    for (heading, lines) in matrix.sections() {
        text.push_str(&format!("\n{heading}\n"));
        print_table(&lines, &mut text);
    }
    text
}

fn print_table(lines: &[Vec<&str>], text: &mut String) {
    let width = |column: usize| {
        let cells = lines.iter().filter_map(|line| line.get(column));
        cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
    };
    let columns = lines.first().map_or(0, Vec::len);
    let widths: Vec<usize> = (0..columns).map(width).collect();
    for line in lines {
        let mut printed = String::new();
        for (cell, width) in line.iter().zip(&widths) {
            let cell = printable(cell);
            printed.push_str(&format!("  {cell:<width$}"));
        }
        text.push_str(printed.trim_end());
        text.push('\n');
    }
}

//! Mutants that may survive, each with the reason. One that is not listed fails the run, and so does
//! one that is listed and dies.

/// A mutant without its line and column, and why no test can or need tell it from the code.
pub(super) const SURVIVORS: [(&str, &str); 0] = [];

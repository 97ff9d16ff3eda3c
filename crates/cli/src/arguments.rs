//! What can be asked, as the command line spells it.

use std::path::PathBuf;

use clap::{Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  lockstep matrix policies/openlit.toml
  lockstep matrix policies/openlit.toml --format json
  lockstep compile policies/openlit.toml > openlit.json

Exit codes: 0 done; 1 the policy is wrong or cannot be read; 2 wrong call.";

const COMPILE_EXAMPLES: &str = "\
Examples:
  lockstep compile policies/openlit.toml > openlit.json

It is what the Worker serves at /v1/policy, byte for byte: the document, and in its member `gate` the
compiled form with the digest by which snapshots name the policy.";

const MATRIX_EXAMPLES: &str = "\
Examples:
  lockstep matrix policies/openlit.toml
  lockstep matrix policies/opik.toml --format markdown > opik.md
  lockstep matrix policies/langsmith.toml --format json

A cell is `allow`, `deny`, or `conditional` where it depends on facts such as whose resource it is.
A row shows the roles of its own level only. What is wrong with a policy is said as
`PATH:LINE:COLUMN: what is wrong; what would be right`, with exit code 1.";

/// Questions about policies, answered without a server
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, after_help = EXAMPLES)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Print a policy as the JSON that the browser reads
    #[command(after_help = COMPILE_EXAMPLES)]
    Compile {
        /// The policy: a TOML file
        path: PathBuf,
    },
    /// Print who may do what under a policy
    #[command(after_help = MATRIX_EXAMPLES)]
    Matrix {
        /// The policy: a TOML file
        path: PathBuf,
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Format {
    /// Aligned tables, one for each level
    Text,
    /// One JSON object
    Json,
    /// Markdown tables, one for each level
    Markdown,
}

//! What can be asked, as the command line spells it.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};

const EXAMPLES: &str = "\
Examples:
  lockstep matrix policies/openlit.toml
  lockstep matrix policies/openlit.toml --format json
  lockstep compile policies/openlit.toml > openlit.json

Exit codes: 0 done; 1 a file is wrong or cannot be read; 2 wrong call. `lockstep test` and `lockstep diff`
say in their help what else they mean.";

const EVALUATE_EXAMPLES: &str = r#"Examples:
  lockstep evaluate --policy policies/opik.toml --world world.toml requests.ndjson
  echo '{"subject":{"type":"user","id":"ben"},"action":{"name":"trace_delete"},"resource":{"type":"workspace","id":"lab"}}' |
    lockstep evaluate --policy policies/opik.toml --world world.toml

Each line is the body of an AuthZEN evaluation, at most 65536 bytes; each gets one line of JSON, in order:
  {"decision":true,"reasons":[{"code":"granted","text":"…"}]}
  {"error":{"code":"unknown-permission","message":"…"}}
Codes of errors: invalid-json, invalid-request, too-long, unknown-permission. A line that is wrong is
answered so, and the next one read. docs/formats.md says how a request is understood.

Exit codes: 0 every line has its answer; 1 a file is wrong or cannot be read; 2 wrong call."#;

const TEST_EXAMPLES: &str = "\
Examples:
  lockstep test tests/*.toml
  lockstep test tests/*.toml --policy policies/mine.toml --junit results.xml

A test is a world and questions about it, each with the answer it must get: `allow`, `deny`, or the code of
the reason. docs/formats.md has the format.

Exit codes: 0 all passed; 1 some failed, or a file is wrong; 2 wrong call.";

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
    /// Answer AuthZEN requests about a world, one a line
    #[command(after_help = EVALUATE_EXAMPLES)]
    Evaluate {
        #[command(flatten)]
        world: InWorld,
        /// The requests, as newline-delimited JSON; standard input when absent or `-`
        requests: Option<PathBuf>,
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
    /// Run the tests of a policy
    #[command(after_help = TEST_EXAMPLES)]
    Test {
        /// The tests: TOML files
        #[arg(required = true)]
        files: Vec<PathBuf>,
        /// The policy to test, whatever the tests name
        #[arg(long)]
        policy: Option<PathBuf>,
        /// Also write the results as JUnit XML to this file
        #[arg(long, value_name = "FILE")]
        junit: Option<PathBuf>,
    },
}

/// The world that is asked about.
#[derive(Debug, Args)]
pub(crate) struct InWorld {
    /// The policy: a TOML file
    #[arg(long)]
    pub(crate) policy: PathBuf,
    /// The world: a TOML file
    #[arg(long)]
    pub(crate) world: PathBuf,
    /// Ask at another moment than the world's, in Unix milliseconds
    #[arg(long, value_name = "MS")]
    pub(crate) now_ms: Option<u64>,
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

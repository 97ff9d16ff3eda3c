//! What can be asked, as the command line spells it.

mod examples;
mod fact;

use std::num::NonZeroUsize;
use std::path::PathBuf;

use clap::{Args, Parser, Subcommand, ValueEnum};
use clap_complete::Shell;
use lockstep_core::Level;
use lockstep_wire::SchemaOf;

use examples::{
    AUDIT, CHECK, COMPILE, COMPLETIONS, DIFF, EVALUATE, EXPORT, IMPORT, LOCKSTEP, MATRIX, SCHEMA,
    SEARCH, TEST,
};
pub(crate) use fact::Fact;

/// Questions about policies, answered without a server; organizations to and from files
#[derive(Debug, Parser)]
#[command(name = "lockstep", version, after_help = LOCKSTEP)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Command,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Look after exported audit logs
    #[command(subcommand, after_help = AUDIT)]
    Audit(Audit),
    /// Say what is wrong with policies, and what in them has no effect
    #[command(after_help = CHECK)]
    Check {
        /// The policies: TOML files
        #[arg(required = true)]
        paths: Vec<PathBuf>,
        /// Fail on a warning, too
        #[arg(long)]
        deny_warnings: bool,
    },
    /// Print a policy as the JSON that the browser reads
    #[command(after_help = COMPILE)]
    Compile {
        /// The policy: a TOML file
        path: PathBuf,
    },
    /// Print a script that completes the command line
    #[command(after_help = COMPLETIONS)]
    Completions {
        /// The shell that is to read it
        shell: Shell,
    },
    /// Say who gains and loses what by a change, facts left open
    #[command(after_help = DIFF)]
    Diff {
        /// The policy before: a TOML file
        old: PathBuf,
        /// The policy afterwards
        new: PathBuf,
        /// The world in which they are compared; each role by itself when absent
        #[arg(long)]
        world: Option<PathBuf>,
        /// The world afterwards; the same when absent
        #[arg(long, requires = "world")]
        new_world: Option<PathBuf>,
        /// How to print it
        #[arg(long, value_enum, default_value_t = DataFormat::Text)]
        format: DataFormat,
    },
    /// Answer AuthZEN requests about a world, one a line
    #[command(after_help = EVALUATE)]
    Evaluate {
        #[command(flatten)]
        world: InWorld,
        /// The requests, as newline-delimited JSON; standard input when absent or `-`
        requests: Option<PathBuf>,
    },
    /// Write an organization to a file
    #[command(after_help = EXPORT)]
    Export {
        #[command(flatten)]
        remote: Remote,
        /// Id of the organization
        #[arg(long, value_name = "ID")]
        organization: String,
        /// The file; standard output when absent
        #[arg(long, value_name = "FILE")]
        output: Option<PathBuf>,
    },
    /// Make another organization of a file
    #[command(after_help = IMPORT)]
    Import {
        #[command(flatten)]
        remote: Remote,
        /// The file that `lockstep export` has written
        file: PathBuf,
    },
    /// Print who may do what under a policy
    #[command(after_help = MATRIX)]
    Matrix {
        /// The policy: a TOML file
        path: PathBuf,
        /// How to print it
        #[arg(long, value_enum, default_value_t = Format::Text)]
        format: Format,
    },
    /// Print the JSON Schema of a kind of document
    #[command(after_help = SCHEMA)]
    Schema {
        /// The kind of document
        #[arg(value_enum)]
        of: Document,
    },
    /// List who may do something, on what, or what somebody may do
    #[command(subcommand, after_help = SEARCH)]
    Search(Search),
    /// Run the tests of a policy
    #[command(after_help = TEST)]
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

/// The deployment that is asked.
#[derive(Debug, Args)]
pub(crate) struct Remote {
    /// Its address, such as `https://access.example`
    #[arg(long)]
    pub(crate) url: String,
    /// A file with a personal access token; LOCKSTEP_TOKEN in the environment when absent
    #[arg(long, value_name = "FILE")]
    pub(crate) token_file: Option<PathBuf>,
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

/// What is done with an audit log.
#[derive(Debug, Subcommand)]
pub(crate) enum Audit {
    /// Say whether an export is the log as it was written, and otherwise the first row that is not
    #[command(after_help = AUDIT)]
    Verify {
        /// The export: newline-delimited JSON; standard input for `-`
        export: PathBuf,
        /// A hash that was written down before; the chain must go through it
        #[arg(long, value_name = "HASH")]
        head: Option<String>,
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

/// What is searched for.
#[derive(Debug, Subcommand)]
pub(crate) enum Search {
    /// List the permissions that a principal has on a node
    #[command(after_help = SEARCH)]
    Actions {
        /// Name of the principal
        #[arg(long)]
        principal: String,
        /// Id of the node; the organization when absent
        #[arg(long)]
        node: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
    /// List the nodes of a level on which a principal has a permission
    #[command(after_help = SEARCH)]
    Resources {
        /// Name of the principal
        #[arg(long)]
        principal: String,
        /// Id of the permission
        #[arg(long)]
        permission: String,
        /// The level of the nodes
        #[arg(long, value_enum)]
        level: LevelArgument,
        #[command(flatten)]
        asked: Asked,
    },
    /// List the principals that have a permission on a node
    #[command(after_help = SEARCH)]
    Subjects {
        /// Id of the permission
        #[arg(long)]
        permission: String,
        /// Id of the node; the organization when absent
        #[arg(long)]
        node: Option<String>,
        #[command(flatten)]
        asked: Asked,
    },
}

impl Search {
    /// What all searches have.
    pub(crate) const fn asked(&self) -> &Asked {
        match self {
            Self::Actions { asked, .. }
            | Self::Resources { asked, .. }
            | Self::Subjects { asked, .. } => asked,
        }
    }
}

/// What all searches have.
#[derive(Debug, Args)]
pub(crate) struct Asked {
    #[command(flatten)]
    pub(crate) world: InWorld,
    /// A fact beside what the world knows, such as `resource.own=true`, or all facts of a group, such as
    /// `resource.tags={"env":"prod"}`; may be given more than once
    #[arg(long = "fact", value_name = "NAME=VALUE")]
    pub(crate) facts: Vec<Fact>,
    /// Results on a page, 1 or more; all when absent
    #[arg(long, value_name = "N")]
    pub(crate) page_size: Option<NonZeroUsize>,
    /// Begin after this result
    #[arg(long, value_name = "ID")]
    pub(crate) after: Option<String>,
    /// How to print it
    #[arg(long, value_enum, default_value_t = DataFormat::Text)]
    pub(crate) format: DataFormat,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum LevelArgument {
    /// The organization itself
    Organization,
    /// Its workspaces
    Workspace,
    /// Its projects
    Project,
}

impl From<LevelArgument> for Level {
    fn from(level: LevelArgument) -> Self {
        match level {
            LevelArgument::Organization => Self::Organization,
            LevelArgument::Workspace => Self::Workspace,
            LevelArgument::Project => Self::Project,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum Document {
    /// A line of an exported audit log
    Audit,
    /// An answer of `lockstep evaluate`
    Decision,
    /// An exported organization
    Organization,
    /// A policy
    Policy,
    /// A request to `lockstep evaluate`
    Request,
    /// A snapshot
    Snapshot,
    /// A world or a test
    World,
}

impl From<Document> for SchemaOf {
    fn from(document: Document) -> Self {
        match document {
            Document::Audit => Self::Audit,
            Document::Decision => Self::Decision,
            Document::Organization => Self::Organization,
            Document::Policy => Self::Policy,
            Document::Request => Self::Request,
            Document::Snapshot => Self::Snapshot,
            Document::World => Self::World,
        }
    }
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub(crate) enum DataFormat {
    /// Lines for people
    Text,
    /// One JSON object
    Json,
}

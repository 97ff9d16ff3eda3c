//! From a crate to a WASM module with its JavaScript: cargo, wasm-bindgen, wasm-opt.

use std::path::{Path, PathBuf};
use std::process::Command;

use wasm_bindgen_cli_support::Bindgen;

use crate::error::TaskError;
use crate::process;
use crate::project::Project;
use crate::setup::{Tools, WASM_TARGET};

/// Who loads the module.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    /// A page, or node: the module is fetched and started by a call.
    Page,
    /// The Worker: the module is imported and started at once, and can be started again.
    Worker,
}

impl For {
    /// The profile in Cargo.toml.
    const fn profile(self) -> &'static str {
        match self {
            Self::Page => "wasm",
            Self::Worker => "worker",
        }
    }
}

/// Compiles a crate for WASM and gives the module's path.
pub(crate) fn compile(project: &Project, package: &str, who: For) -> Result<PathBuf, TaskError> {
    process::run(
        project
            .cargo()
            .args(["build", "--profile", who.profile(), "--lib"])
            .args(["--target", WASM_TARGET, "--package", package])
            // The futures of the crate `worker` are those of js-sys.
            .env("WASM_BINDGEN_USE_JS_SYS", "1"),
    )?;
    let file = format!("{}.wasm", package.replace('-', "_"));
    let folder = project.target(WASM_TARGET).join(who.profile());
    Ok(folder.join(file))
}

/// Writes the module and its JavaScript into `folder`: `lockstep_gate*` for pages, `edge*` for the
/// Worker.
pub(crate) fn bind(module: &Path, folder: &Path, who: For) -> Result<(), TaskError> {
    let refused = |error: &dyn std::fmt::Display| {
        TaskError::sentence(format!(
            "wasm-bindgen could not read {}: {error:#}",
            module.display()
        ))
    };
    let mut bindgen = Bindgen::new();
    bindgen.input_path(module);
    match who {
        For::Page => bindgen
            .web(true)
            .map_err(|error| refused(&error))?
            .typescript(true)
            .omit_default_module_path(false),
        For::Worker => bindgen
            .module(true)
            .map_err(|error| refused(&error))?
            .typescript(false)
            .out_name("edge")
            // Without these two, one panic would end the isolate for good.
            .reset_state_function(true)
            .force_enable_abort_handler(true),
    };
    bindgen.generate(folder).map_err(|error| refused(&error))
}

/// Drops a module's names (a third of it, and an end user never sees them) and makes it smaller.
///
/// `-O1` and no more: what the higher levels save before compression, they lose after it. Measured on
/// the Worker: 1,462 KB and 438 KB after gzip without, 1,300 KB and 489 KB with `-Oz`; on the gate:
/// 108 KB after gzip with `-O1`, 121 KB with `-O2`, `-O3` and `-Oz` alike.
pub(crate) fn shrink(
    project: &Project,
    tools: &Tools,
    from: &Path,
    to: &Path,
) -> Result<(), TaskError> {
    // By name, not --all-features: an encoding newer than the runtimes must never be written.
    let features = [
        "bulk-memory",
        "bulk-memory-opt",
        "call-indirect-overlong",
        "exception-handling",
        "multivalue",
        "mutable-globals",
        "nontrapping-float-to-int",
        "reference-types",
        "sign-ext",
    ];
    process::run(
        Command::new("node")
            .current_dir(project.root())
            .arg(&tools.wasm_opt)
            .arg(from)
            .arg("-o")
            .arg(to)
            .args([
                "-O1",
                "--strip-debug",
                "--strip-producers",
                "--strip-target-features",
            ])
            .args(features.map(|feature| format!("--enable-{feature}"))),
    )
}

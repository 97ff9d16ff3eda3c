//! From a crate to a WASM module with its JavaScript: cargo, wasm-bindgen, wasm-opt.

use std::path::{Path, PathBuf};
use std::process::Command;

use walrus::{FunctionBuilder, FunctionId, FunctionKind, LocalFunction, Module};
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
    /// A peer in the benchmark: as a page's, with all that wasm-bindgen makes of it.
    Peer,
    /// The Worker: the module is imported and started at once, and can be started again.
    Worker,
}

impl For {
    /// The profile in Cargo.toml.
    const fn profile(self) -> &'static str {
        match self {
            Self::Page => "wasm",
            Self::Peer => "release",
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
        For::Page | For::Peer => bindgen
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
    let mut output = bindgen.generate_output().map_err(|error| refused(&error))?;
    if who == For::Page {
        leave_out(output.wasm_mut());
    }
    output.emit(folder).map_err(|error| refused(&error))
}

/// What wasm-bindgen exports and the page never calls: it makes one evaluator and keeps it, and only
/// numbers cross.
const UNUSED: [&str; 5] = [
    "__abort_handler",
    "__instance_terminated",
    "__wbg_evaluator_free",
    "__wbindgen_externrefs",
    "__wbindgen_start",
];

/// Leaves out of the page's module what it never needs.
///
/// Its panic handler ends the instance and says nothing (`crates/gate/src/runtime.rs`), so whatever panics
/// may do so at once: what collects the message is not needed, nor are the places that it would name.
fn leave_out(module: &mut Module) {
    for name in UNUSED {
        // Which of them there are depends on wasm-bindgen.
        let _ = module.exports.remove(name);
    }
    let panics = |name: &str| {
        let ways = ["::panicking::panic", "::handle_", "::assert_failed"];
        ways.iter().any(|way| name.contains(way))
    };
    let named = module.funcs.iter_local();
    let panicking: Vec<FunctionId> = named
        .filter(|(id, _)| module.funcs.get(*id).name.as_deref().is_some_and(panics))
        .map(|(id, _)| id)
        .collect();
    for id in panicking {
        stop_at_once(module, id);
    }
    let segments: Vec<_> = module.data.iter().map(walrus::Data::id).collect();
    for id in segments {
        forget_places(&mut module.data.get_mut(id).value);
    }
}

/// Makes nothing but a trap of a function that does not return.
fn stop_at_once(module: &mut Module, id: FunctionId) {
    let FunctionKind::Local(LocalFunction { args, .. }) = &module.funcs.get(id).kind else {
        return;
    };
    let args = args.clone();
    let signature = module.types.get(module.funcs.get(id).ty());
    let (takes, gives) = (signature.params().to_vec(), signature.results().to_vec());
    let mut body = FunctionBuilder::new(&mut module.types, &takes, &gives);
    body.func_body().unreachable();
    module.funcs.get_mut(id).kind = FunctionKind::Local(body.local_func(args));
}

/// Puts zeros in the place of the names of source files, which end with a zero.
fn forget_places(data: &mut [u8]) {
    let mut at = 0;
    while let Some(rest) = data.get_mut(at..).filter(|rest| !rest.is_empty()) {
        at += 1;
        let starts = rest.starts_with(b"/rustc/") || rest.starts_with(b"crates/");
        let end = rest.iter().position(|byte| *byte == 0);
        if let Some(name) = end.and_then(|end| rest.get_mut(..end))
            && starts
            && name.ends_with(b".rs")
        {
            name.fill(0);
        }
    }
}

impl For {
    /// How far a module is made smaller. What the higher levels save before compression, they lose after
    /// it, because they put small functions in the place of calls; measured on the Worker: 1,462 KB and
    /// 438 KB after gzip without, 1,300 KB and 489 KB with `-Oz`.
    ///
    /// The page's gets the highest level without that: 28.4 KB after brotli, 29.1 KB with `-O1`, 29.4 KB
    /// with `-Oz`. The passes that are left out save bytes and cost more of them after it; functions
    /// that lie beside those of the same name are compressed better, and so is control flow that was made
    /// anew from flat code (27.9 KB with all of it, tried one pass after another). Rust has nothing in the
    /// first kilobyte but the last of the stack, so that addresses with an offset need not be added up.
    /// Whatever takes traps for impossible is left out: a panic is one.
    const fn level(self) -> &'static [&'static str] {
        match self {
            Self::Page | Self::Peer => &[
                "--rse",
                "--coalesce-locals-learning",
                "--flatten",
                "--rereloop",
                "-Oz",
                "--always-inline-max-function-size=0",
                "--one-caller-inline-max-function-size=0",
                "--skip-pass=code-folding",
                "--skip-pass=local-cse",
                "--skip-pass=merge-locals",
                "--skip-pass=simplify-locals",
                "--reorder-functions-by-name",
                "--reorder-locals",
                "-O3",
                "--low-memory-unused",
            ],
            Self::Worker => &["-O1"],
        }
    }
}

/// Drops a module's names (a third of it, and an end user never sees them) and makes it smaller.
pub(crate) fn shrink(
    project: &Project,
    tools: &Tools,
    (from, to): (&Path, &Path),
    who: For,
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
            .args(who.level())
            .args([
                "--strip-debug",
                "--strip-producers",
                "--strip-target-features",
            ])
            .args(features.map(|feature| format!("--enable-{feature}"))),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_of_source_files_are_forgotten() {
        let mut data = *b"said/rustc/1/core/a.rs\0crates/core\0policy-unreadable\0crates/b.rs\0end";
        forget_places(&mut data);
        let text = String::from_utf8_lossy(&data).replace('\0', "");
        assert_eq!(text, "saidcrates/corepolicy-unreadableend");
    }

    #[test]
    fn a_function_that_panics_is_nothing_but_a_trap() {
        let mut module = Module::default();
        let mut said = FunctionBuilder::new(&mut module.types, &[], &[]);
        said.func_body().i32_const(1).drop().unreachable();
        said.name("core::panicking::panic_fmt".into());
        let said = said.finish(vec![], &mut module.funcs);
        let mut kept = FunctionBuilder::new(&mut module.types, &[], &[]);
        kept.func_body().i32_const(1).drop();
        kept.name("core::fmt".into());
        let kept = kept.finish(vec![], &mut module.funcs);
        module.exports.add("__wbindgen_start", kept);
        module.exports.add("evaluator_ask", kept);
        leave_out(&mut module);
        let instructions = |id| module.funcs.get(id).kind.unwrap_local().size();
        assert_eq!((instructions(said), instructions(kept)), (1, 2));
        let exports: Vec<_> = module.exports.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(exports, ["evaluator_ask"]);
    }
}

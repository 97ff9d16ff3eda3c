//! npm packages: installed from the lock file when what lies in `node_modules` differs from it.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::announce;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;

/// Brings `folder`'s `node_modules` to what its package-lock.json says.
pub(super) fn install(project: &Project, folder: &str) -> Result<(), TaskError> {
    let folder = project.path(folder);
    let lock = read(&folder.join("package-lock.json"))?;
    let installed = read(&folder.join("node_modules/.package-lock.json")).ok();
    let Some(why) = difference(&lock, installed.as_ref()) else {
        return Ok(());
    };
    announce(
        "installing npm packages from package-lock.json (npm ci)",
        &why,
    );
    process::run(
        npm()
            .current_dir(&folder)
            .args(["ci", "--no-audit", "--no-fund"]),
    )
}

/// npm as a child process.
pub(crate) fn npm() -> Command {
    Command::new(if cfg!(windows) { "npm.cmd" } else { "npm" })
}

/// Why the installed packages are not those of the lock file; `None` when they are.
fn difference(lock: &Value, installed: Option<&Value>) -> Option<String> {
    let Some(installed) = installed.and_then(packages) else {
        return Some("there is no node_modules yet".to_owned());
    };
    packages(lock)?.iter().find_map(|(path, wanted)| {
        // Entries outside node_modules are the workspace's own folders.
        if !path.starts_with("node_modules/") && !path.contains("/node_modules/") {
            return None;
        }
        let found = installed.get(path);
        let optional = wanted.get("optional").and_then(Value::as_bool) == Some(true)
            || wanted.get("devOptional").and_then(Value::as_bool) == Some(true);
        match found {
            None if optional => None,
            None => Some(format!("{path} is missing")),
            Some(found) if found.get("version") != wanted.get("version") => {
                Some(format!("{path} is of another version"))
            }
            Some(_) => None,
        }
    })
}

fn packages(lock: &Value) -> Option<&serde_json::Map<String, Value>> {
    lock.get("packages")?.as_object()
}

fn read(path: &Path) -> Result<Value, TaskError> {
    let text = std::fs::read_to_string(path).map_err(TaskError::io("read", path))?;
    serde_json::from_str(&text)
        .map_err(|error| TaskError::sentence(format!("{}: {error}", path.display())))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn lock() -> Value {
        json!({"packages": {
            "": {},
            "tests": {"version": "0.0.0"},
            "node_modules/@lockstep/tests": {"resolved": "tests", "link": true},
            "node_modules/wrangler": {"version": "4.86.0"},
            "node_modules/fsevents": {"version": "2.3.3", "optional": true},
        }})
    }

    fn installed(wrangler: &str) -> Value {
        json!({"packages": {
            "node_modules/@lockstep/tests": {"resolved": "tests", "link": true},
            "node_modules/wrangler": {"version": wrangler},
        }})
    }

    #[test]
    fn equal_packages_install_nothing() {
        assert_eq!(difference(&lock(), Some(&installed("4.86.0"))), None);
    }

    #[test]
    fn a_missing_folder_or_another_version_installs() {
        assert!(difference(&lock(), None).is_some_and(|why| why.contains("no node_modules")));
        let why = difference(&lock(), Some(&installed("4.85.0")));
        assert!(why.is_some_and(|why| why.contains("another version")));
        let why = difference(&lock(), Some(&json!({"packages": {}})));
        assert!(why.is_some_and(|why| why.contains("missing")));
    }
}

//! Which crate of ours may use which. Whatever is not in the list is refused.

use serde_json::Value;

use super::TextFile;

/// A crate and the crates of ours that it may depend on, for building and for running. Tests may use
/// any. The Worker has no way to `lockstep-gate`: everything that wasm-bindgen exports would become
/// callable from outside.
const ALLOWED: [(&str, &[&str]); 8] = [
    ("lockstep", &["lockstep-wire", "lockstep-core"]),
    ("lockstep-bench", &["lockstep-core"]),
    ("lockstep-core", &[]),
    (
        "lockstep-edge",
        &["lockstep-token", "lockstep-wire", "lockstep-core"],
    ),
    ("lockstep-gate", &["lockstep-wire", "lockstep-core"]),
    ("lockstep-token", &[]),
    ("lockstep-wire", &["lockstep-core"]),
    ("xtask", &["lockstep-wire", "lockstep-core"]),
];

/// The crate that depends on nothing at all: what decides can be read to its end.
const WITHOUT_DEPENDENCIES: &str = "lockstep-core";

pub(super) fn check(metadata: &Value, files: &[TextFile]) -> Vec<String> {
    let mut findings = Vec::new();
    let packages = metadata.get("packages").and_then(Value::as_array);
    let names: Vec<&str> = packages.into_iter().flatten().filter_map(name).collect();
    for package in packages.into_iter().flatten() {
        let Some(from) = name(package) else { continue };
        let Some((_, allowed)) = ALLOWED.iter().find(|(crate_name, _)| *crate_name == from) else {
            findings.push(format!(
                "{from} is a new crate: say in arrows.rs what it may use"
            ));
            continue;
        };
        for to in normal_dependencies(package) {
            let ours = names.contains(&to);
            if (ours && !allowed.contains(&to)) || from == WITHOUT_DEPENDENCIES {
                findings.push(format!("{from} must not depend on {to}"));
            }
        }
    }
    findings.extend(without_lints(files));
    findings
}

fn name(package: &Value) -> Option<&str> {
    package.get("name")?.as_str()
}

/// Dependencies of the code itself and of its build script, on every platform.
fn normal_dependencies(package: &Value) -> impl Iterator<Item = &str> {
    let all = package
        .get("dependencies")
        .and_then(Value::as_array)
        .into_iter()
        .flatten();
    all.filter(|dependency| dependency.get("kind").and_then(Value::as_str) != Some("dev"))
        .filter_map(name)
}

/// A crate that forgets this line has none of the workspace's lints, silently.
fn without_lints(files: &[TextFile]) -> impl Iterator<Item = String> {
    files
        .iter()
        .filter(|file| file.path.starts_with("crates/") && file.path.ends_with("/Cargo.toml"))
        .filter(|file| !file.text.contains("[lints]\nworkspace = true"))
        .map(|file| format!("{} does not inherit the workspace's lints", file.path))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::super::file;
    use super::*;

    fn findings(from: &str, to: &str, kind: Option<&str>) -> Vec<String> {
        let metadata = json!({"packages": [
            {"name": from, "dependencies": [{"name": to, "kind": kind}]},
            {"name": "lockstep-gate", "dependencies": []},
        ]});
        check(&metadata, &[])
    }

    #[test]
    fn the_worker_must_not_link_the_gate() {
        let expected = ["lockstep-edge must not depend on lockstep-gate"];
        assert_eq!(findings("lockstep-edge", "lockstep-gate", None), expected);
        assert_eq!(
            findings("lockstep-edge", "lockstep-gate", Some("build")),
            expected
        );
        assert_eq!(
            findings("lockstep-edge", "lockstep-gate", Some("dev")),
            [""; 0]
        );
    }

    #[test]
    fn core_depends_on_nothing() {
        assert_eq!(findings("lockstep-core", "serde", None).len(), 1);
        assert_eq!(findings("lockstep-core", "serde", Some("dev")), [""; 0]);
        assert_eq!(findings("lockstep-wire", "serde", None), [""; 0]);
    }

    #[test]
    fn a_new_crate_must_be_entered() {
        assert!(findings("lockstep-proxy", "serde", None)[0].contains("is a new crate"));
    }

    #[test]
    fn every_crate_inherits_the_lints() {
        let none = json!({"packages": []});
        let with = file(
            "crates/a/Cargo.toml",
            "[package]\n\n[lints]\nworkspace = true\n",
        );
        let without = file("crates/b/Cargo.toml", "[package]\n");
        assert_eq!(check(&none, &[with, without]).len(), 1);
    }
}

//! `cargo xtask size`: what a browser and Cloudflare have to load, and the limits of it.

use serde_json::Value;

use crate::error::TaskError;
use crate::process;
use crate::project::Project;

/// A thing that is loaded as a whole, how it is compressed on the way, and how many bytes it may have then.
type Limit = (&'static str, &'static str, u64);

/// The gate's goal is 30,000; until it is reached, the limit follows what was reached.
/// Cloudflare takes Workers of 3 MB after gzip; the Worker's limit follows what it has, so that growth is seen.
const LIMITS: [Limit; 2] = [("gate", "brotli", 33_400), ("worker", "gzip", 1_987_000)];

/// Prints the table of sizes.
pub(crate) fn run(project: &Project) -> Result<(), TaskError> {
    crate::build::run(project, &crate::build::ALL)?;
    check(project)
}

/// Prints the table of sizes, of what is built, and fails when a limit is passed.
pub(crate) fn check(project: &Project) -> Result<(), TaskError> {
    let sizes = measure(project)?;
    println!(
        "{:<18} {:>10} {:>10} {:>10}",
        "bytes", "raw", "gzip -9", "brotli 11"
    );
    for (name, size) in sizes.as_object().into_iter().flatten() {
        let of = |kind: &str| size.get(kind).and_then(Value::as_u64).unwrap_or(0);
        println!(
            "{name:<18} {:>10} {:>10} {:>10}",
            of("raw"),
            of("gzip"),
            of("brotli")
        );
    }
    let too_large: Vec<String> = LIMITS
        .iter()
        .filter_map(|limit| excess(&sizes, *limit))
        .collect();
    if too_large.is_empty() {
        return Ok(());
    }
    Err(TaskError::sentence(too_large.join("; ")))
}

/// The sizes of what is built, in bytes by name and kind.
pub(crate) fn measure(project: &Project) -> Result<Value, TaskError> {
    let text = process::read(&mut project.node("crates/xtask/js/sizes.mjs"))?;
    serde_json::from_str(&text)
        .map_err(|error| TaskError::sentence(format!("the sizes are not JSON: {error}")))
}

fn excess(sizes: &Value, (name, encoding, limit): Limit) -> Option<String> {
    let size = sizes
        .get(name)
        .and_then(|size| size.get(encoding))
        .and_then(Value::as_u64);
    match size {
        Some(size) if size < limit => None,
        Some(size) => Some(format!(
            "{name} has {size} bytes after {encoding}, and may have fewer than {limit}"
        )),
        None => Some(format!("the size of {name} is not known")),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_limit_is_passed_at_its_value() {
        let sizes = json!({"gate": {"brotli": 29_999, "gzip": 40_000}});
        assert_eq!(excess(&sizes, ("gate", "brotli", 30_000)), None);
        assert!(excess(&sizes, ("gate", "brotli", 29_999)).is_some());
        assert!(excess(&sizes, ("gate", "gzip", 30_000)).is_some());
        assert!(excess(&sizes, ("worker", "gzip", 1_690_000)).is_some());
    }
}

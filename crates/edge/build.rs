//! Compiles every shipped policy, so that a Worker with a wrong one cannot be built.

use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::{env, fs};

use lockstep_wire::compile_toml;

fn main() -> Result<(), Box<dyn Error>> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies");
    println!("cargo::rerun-if-changed={}", folder.display());
    let mut files: Vec<PathBuf> = fs::read_dir(&folder)?
        .map(|entry| entry.map(|entry| entry.path()))
        .collect::<Result<_, _>>()?;
    files.retain(|file| {
        file.extension()
            .is_some_and(|extension| extension == "toml")
    });
    files.sort();

    let mut list = String::from("&[\n");
    for file in &files {
        let text = fs::read_to_string(file)?;
        let policy = compile_toml(&text).map_err(|error| format!("{}:{error}", file.display()))?;
        // Of two with one id, such as a copy in which it was forgotten, one would silently count for both.
        let id = &policy.document.id;
        if file.file_stem().is_none_or(|stem| stem != id.as_str()) {
            let found = file.display();
            return Err(format!("{found}: a policy with the id `{id}` is in `{id}.toml`").into());
        }
        let json = String::from_utf8(policy.to_json())?;
        writeln!(list, "    ({id:?}, {json:?}),")?;
    }
    list.push_str("]\n");
    fs::write(
        PathBuf::from(env::var("OUT_DIR")?).join("policies.rs"),
        list,
    )?;
    Ok(())
}

//! Debian's packages: what this project installs for the whole machine, and only when it is missing.

use std::path::Path;
use std::process::Command;

use super::announce;
use crate::error::TaskError;
use crate::process;

/// Installs a package, and says why, when this is Debian or a child of it and we are root; `false`
/// when it is not, and a person has to.
pub(super) fn install(package: &str, why: &str) -> Result<bool, TaskError> {
    if !may_use_apt() {
        return Ok(false);
    }
    announce(&format!("installing {package} with apt"), why);
    process::run(apt().args(["update", "-qq"]))?;
    process::run(apt().args(["install", "-y", "-qq", "--no-install-recommends", package]))?;
    Ok(true)
}

fn apt() -> Command {
    let mut command = Command::new("apt-get");
    command.env("DEBIAN_FRONTEND", "noninteractive");
    command
}

fn may_use_apt() -> bool {
    let root = process::probe(Command::new("id").arg("-u")).is_some_and(|id| id.trim() == "0");
    root && Path::new("/etc/debian_version").is_file()
}

//! A Python with the libraries whose tokens the tests expect to be accepted.

use std::path::PathBuf;
use std::process::Command;

use super::announce;
use crate::error::TaskError;
use crate::process;
use crate::project::Project;

/// What is installed, with its version.
const PACKAGES: [&str; 2] = ["PyJWT[crypto]==2.15.1", "joserfc==1.8.0"];

/// The Python that the tests use: in CI one of the project's own, elsewhere whatever is found.
pub(crate) fn find_or_install(project: &Project) -> Result<PathBuf, TaskError> {
    let found = PathBuf::from("python3");
    if std::env::var_os("CI").is_none_or(|value| value != "true") {
        return Ok(found);
    }
    let folder = project.path("target/python");
    let own = folder.join("bin/python");
    let has_both = ["-c", "import jwt, joserfc"];
    if process::probe(Command::new(&own).args(has_both)).is_some() {
        return Ok(own);
    }
    announce(
        "installing PyJWT and joserfc into target/python",
        "the tests accept the tokens of other libraries",
    );
    process::run(Command::new(&found).args(["-m", "venv"]).arg(&folder))?;
    process::run(
        Command::new(&own)
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
            ])
            .args(PACKAGES),
    )?;
    Ok(own)
}

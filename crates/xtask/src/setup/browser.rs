//! A browser for the story in tests/browser: what `CHROME` names, else what the machine has, else
//! Debian's Chromium.

use std::path::{Path, PathBuf};

use super::debian;
use crate::error::TaskError;

const USUAL_PATHS: [&str; 9] = [
    "/usr/bin/chromium",
    "/usr/bin/chromium-browser",
    "/usr/bin/google-chrome",
    "/usr/bin/google-chrome-stable",
    "/opt/google/chrome/chrome",
    "/snap/bin/chromium",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
    "/Applications/Chromium.app/Contents/MacOS/Chromium",
    "/Applications/Microsoft Edge.app/Contents/MacOS/Microsoft Edge",
];
const DEBIAN_CHROMIUM: &str = "/usr/bin/chromium";

/// Finds or installs a Chromium and gives its path.
pub(crate) fn find_or_install() -> Result<PathBuf, TaskError> {
    if let Some(named) = std::env::var_os("CHROME") {
        let path = PathBuf::from(named);
        if path.is_file() {
            return Ok(path);
        }
        return Err(TaskError::sentence(format!(
            "CHROME names {}, which is not a file",
            path.display()
        )));
    }
    if let Some(path) = USUAL_PATHS
        .iter()
        .map(Path::new)
        .find(|path| path.is_file())
    {
        return Ok(path.to_path_buf());
    }
    if !debian::install("chromium", "the browser tests drive a real browser")? {
        return Err(TaskError::sentence(
            "the browser tests need Chrome or Chromium, and none was found: install one \
             (`sudo apt install chromium`, `brew install --cask chromium`) or name its program \
             in the environment variable CHROME",
        ));
    }
    Ok(PathBuf::from(DEBIAN_CHROMIUM))
}

//! A C++ compiler: libFuzzer, which the fuzz targets link, is written in C++.

use std::process::Command;

use super::debian;
use crate::error::TaskError;
use crate::process;

/// Sees to it that the compiler that `CXX` names, or else `c++`, can be started.
pub(crate) fn find_or_install() -> Result<(), TaskError> {
    let named = std::env::var_os("CXX");
    let compiler = named.clone().unwrap_or_else(|| "c++".into());
    if process::probe(Command::new(&compiler).arg("--version")).is_some() {
        return Ok(());
    }
    if named.is_none() && debian::install("g++", "fuzzing links libFuzzer, which is C++")? {
        return Ok(());
    }
    Err(TaskError::sentence(format!(
        "fuzzing needs a C++ compiler, and `{}` could not be started: install one \
         (`sudo apt install g++`, `xcode-select --install`) or name its program in CXX",
        compiler.display()
    )))
}

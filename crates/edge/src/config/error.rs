//! Why a deployment serves nothing.

use std::fmt;

/// Why the Worker will not serve.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConfigError {
    /// Development mode on an https origin.
    DevelopmentOnHttps,
    /// Faulty doubles outside development.
    FaultsInProduction,
    /// A variable has a wrong form: its name, and what it should be.
    Malformed(&'static str, &'static str),
    /// A variable is missing.
    Missing(&'static str),
    /// A variable is a number, a truth value, an array or an object.
    NoText(String),
    /// Another part of the configuration was refused, with its reason.
    Refused(&'static str, String),
    /// A binding is missing.
    Unbound(&'static str),
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::DevelopmentOnHttps => {
                f.write_str("`LOCKSTEP_DEVELOPMENT` is `true` while `LOCKSTEP_ORIGIN` is https")
            }
            Self::FaultsInProduction => {
                f.write_str("`LOCKSTEP_FAULTS` is set while `LOCKSTEP_DEVELOPMENT` is not `true`")
            }
            Self::Malformed(name, form) => write!(f, "`{name}` is not {form}"),
            Self::Missing(name) => write!(f, "`{name}` is missing"),
            Self::NoText(name) => write!(f, "`{name}` is no text: write its value in quotes"),
            Self::Unbound(name) => write!(f, "`{name}` is not bound"),
            Self::Refused(name, reason) => write!(f, "`{name}` is refused: {reason}"),
        }
    }
}

impl std::error::Error for ConfigError {}

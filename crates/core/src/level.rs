//! The three levels of the hierarchy.

use core::fmt;

/// Where in the hierarchy a node lies: organization > workspace > project.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Level {
    /// The tenant boundary.
    Organization,
    /// Lies in an organization.
    Workspace,
    /// Lies in a workspace, or directly in an organization.
    Project,
}

impl Level {
    /// All levels, from the top down.
    pub const ALL: [Self; 3] = [Self::Organization, Self::Workspace, Self::Project];

    /// The level's name in policies, snapshots and URLs.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Organization => "organization",
            Self::Workspace => "workspace",
            Self::Project => "project",
        }
    }
}

impl fmt::Display for Level {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

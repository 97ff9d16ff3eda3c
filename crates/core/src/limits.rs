//! Every list has a limit, stated here once.

/// Permissions in a policy.
pub const PERMISSIONS_MAX: usize = 1_024;
/// Roles in a policy.
pub const ROLES_MAX: usize = 256;
/// Conditions in one guard.
pub const CONDITIONS_MAX: usize = 16;
/// Distinct pairs of permission and guard, beside the unconditional permissions.
pub const CONDITIONAL_RIGHTS_MAX: usize = 4_096;
/// Cases of one permission.
pub const CASES_MAX: usize = 64;
/// Bytes in an id of a permission, role or case.
pub const ID_BYTES_MAX: usize = 128;
/// Nodes in one principal's record.
pub const NODES_MAX: usize = 100_001;
/// Grants in one principal's record.
pub const GRANTS_MAX: usize = 10_000;

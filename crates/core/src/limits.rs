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
/// Features of plans in a policy.
pub const FEATURES_MAX: usize = 64;
/// Rules in a policy, and rules that one organization adds.
pub const RULES_MAX: usize = 256;
/// Roles that one organization adds.
pub const CUSTOM_ROLES_MAX: usize = 256;
/// Bytes in a text that a condition tests for, such as a pattern.
pub const TEST_BYTES_MAX: usize = 1_024;
/// A whole number, and its opposite: a page has none beyond it in which each is another one (RFC 7493, 2.2).
pub const INTEGER_MAX: i64 = (1 << 53) - 1;
/// Principals in a world.
pub const PRINCIPALS_MAX: usize = 1_000_000;
/// Access groups in a world.
pub const GROUPS_MAX: usize = 10_000;

/// Whether `number` is within [`INTEGER_MAX`].
#[must_use]
pub const fn is_exact(number: i64) -> bool {
    -INTEGER_MAX <= number && number <= INTEGER_MAX
}

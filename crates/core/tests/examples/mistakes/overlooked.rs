//! Mistakes that look as if there were none.

use lockstep_core::{Level, RuleSpec};

use super::{accepted, refused, rule};
use crate::shop::strings;

/// The creator of an organization is given one of its roles, and admins are counted by them (law 7).
#[test]
fn an_admin_of_a_workspace_administers_no_organization() {
    refused(
        |spec| {
            spec.roles[0].admin = false;
            spec.roles[4].admin = true;
        },
        "roles[4].admin: `manager` is a role of the workspace, but a role of the organization is needed",
    );
    accepted(|spec| spec.roles[4].admin = true);
    // Where an organization has no roles of its own, the highest that there are are its roles.
    accepted(|spec| {
        for role in &mut spec.roles {
            role.level = Level::Workspace;
            (role.overriding, role.cap) = (false, None);
        }
    });
}

#[test]
fn names_beside_the_one_that_means_all_exist() {
    for (at, permissions) in [(1, ["*", "no.such"]), (0, ["no.such", "*"])] {
        refused(
            |spec| {
                spec.rules.push(RuleSpec {
                    permissions: strings(&permissions),
                    ..rule("stop")
                });
            },
            &format!("rules[0].permissions[{at}]: there is no permission `no.such`"),
        );
        refused(
            |spec| spec.ownership = vec![(Level::Project, strings(&permissions))],
            &format!("ownership.project[{at}]: there is no permission `no.such`"),
        );
    }
    accepted(|spec| spec.ownership = vec![(Level::Project, strings(&["sell", "*"]))]);
}

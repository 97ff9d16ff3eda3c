//! Mistakes that look as if there were none.

use lockstep_core::{Level, PolicySpec, ReplacementSpec, RuleSpec};

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

/// No order of features would say which one decides.
#[test]
fn two_features_make_one_role_of_those_of_a_level() {
    let both = |second: &str| {
        let one = |feature: &str, role: &str| ReplacementSpec {
            feature: feature.into(),
            level: Level::Organization,
            role: role.into(),
        };
        let replacements = vec![one("flat", "owner"), one("round", second)];
        move |spec: &mut PolicySpec| {
            spec.features = strings(&["flat", "round"]);
            spec.replacements = replacements;
        }
    };
    accepted(both("owner"));
    refused(
        both("staff"),
        "plan.replace.round.organization: `flat` makes another role of those of the organization, \
         and a plan may have both features",
    );
}

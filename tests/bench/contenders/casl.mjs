// @casl/ability: one ability from its rules.

import { createMongoAbility, subject } from "@casl/ability";

export function open({ casl, rows, world }) {
  const ability = createMongoAbility(JSON.parse(casl).rules);
  const page = createMongoAbility(JSON.parse(rows.casl).rules);
  return {
    "@casl/ability, subjects made once": {
      ask: (asked) => {
        const subjects = asked.map(({ permission, project }) => ({
          permission,
          target: subject("project", { ...project }),
        }));
        return () => {
          let yes = 0;
          for (const { permission, target } of subjects) {
            if (ability.can(permission, target)) yes += 1;
          }
          return yes;
        };
      },
      rows: () => {
        const { permissions, projects } = rows.world;
        const targets = projects.slice(0, rows.count).map((it) => subject("project", { ...it }));
        return () => {
          let yes = 0;
          for (const target of targets) {
            for (const permission of permissions) {
              if (page.can(permission, target)) yes += 1;
            }
          }
          return yes;
        };
      },
      first: () => first({ casl, world }),
    },
    "@casl/ability, subject() at each check": {
      ask: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (ability.can(permission, subject("project", project))) yes += 1;
        }
        return yes;
      },
    },
  };
}

export function first({ casl, world }) {
  const { rules, projects } = JSON.parse(casl);
  return createMongoAbility(rules).can(world.permissions[0], subject("project", projects[0]));
}

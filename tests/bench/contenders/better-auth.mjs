// better-auth's access control. It knows no scopes: workspace, role and owner are the caller's work.

import { createAccessControl } from "better-auth/plugins/access";

export function open({ plain, world }) {
  const can = checker(JSON.parse(plain));
  return {
    "better-auth access": {
      ask: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (can(permission, project)) yes += 1;
        }
        return yes;
      },
      first: () => first({ plain, world }),
    },
  };
}

export function first({ plain, world }) {
  const document = JSON.parse(plain);
  return checker(document)(world.permissions[0], document.projects[0]);
}

function checker({ principal, roles, grants }) {
  const control = createAccessControl({ project: roles.manage });
  const byRole = Object.entries(roles).map(([id, held]) => [id, control.newRole({ project: held })]);
  const made = new Map(byRole);
  const byWorkspace = new Map(Object.entries(grants).map(([id, role]) => [id, made.get(role)]));
  const owner = made.get("manage");
  return (permission, project) => {
    const role = project.owner === principal ? owner : byWorkspace.get(project.workspace);
    return role?.authorize({ project: [permission] }).success ?? false;
  };
}

// What one writes by hand in five lines, in the two usual ways.

export function open({ plain, rows, world }) {
  const can = setOfStrings(JSON.parse(plain));
  const canByProject = setsByProject(JSON.parse(plain));
  const page = setsByProject(JSON.parse(rows.plain));
  return {
    "Set of strings": {
      ask: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (can(permission, project.id)) yes += 1;
        }
        return yes;
      },
    },
    "a Set for each project": {
      ask: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (canByProject(permission, project.id)) yes += 1;
        }
        return yes;
      },
      rows: () => {
        const { permissions, projects } = rows.world;
        const ids = projects.slice(0, rows.count).map(({ id }) => id);
        return () => {
          let yes = 0;
          for (const id of ids) {
            for (const permission of permissions) {
              if (page(permission, id)) yes += 1;
            }
          }
          return yes;
        };
      },
      first: () => first({ plain, world }),
    },
  };
}

export function first({ plain, world }) {
  return setsByProject(JSON.parse(plain))(world.permissions[0], world.projects[0].id);
}

function setOfStrings({ principal, roles, grants, projects }) {
  const held = ({ workspace, owner }) => roles[owner === principal ? "manage" : grants[workspace]] ?? [];
  const allowed = new Set(
    projects.flatMap((project) => held(project).map((permission) => `${permission} ${project.id}`)),
  );
  return (permission, id) => allowed.has(`${permission} ${id}`);
}

function setsByProject({ principal, roles, grants, projects }) {
  const sets = Object.fromEntries(Object.entries(roles).map(([role, held]) => [role, new Set(held)]));
  const held = ({ workspace, owner }) => sets[owner === principal ? "manage" : grants[workspace]];
  const allowed = new Map(projects.map((project) => [project.id, held(project)]));
  return (permission, id) => allowed.get(id)?.has(permission) ?? false;
}

// The world of the benchmark: one organization, 10 workspaces of 20 projects, 6 roles, 40
// permissions, and one person with a different role in every workspace and 5 projects of their own.
// Both sides get it in the form in which an application would hold it.

import { compiled } from "../support/policy.mjs";

const workspacesMax = 10;
const projectsMax = 20;
const permissionsMax = 40;
const ownedMax = 5;

export const organization = "org_bench";
export const person = "usr_bench";

// How many of the 40 permissions each workspace role holds.
const workspaceRoles = { manage: 40, write: 30, annotate: 12, read: 8 };
const rolesByWorkspace = [...Object.keys(workspaceRoles), undefined];

export const permissions = range(permissionsMax, (n) => `permission_${n}`);

export const projects = range(workspacesMax, (w) =>
  range(projectsMax, (p) => ({
    id: `prj_${w}_${p}`,
    workspace: `wsp_${w}`,
    organization,
    owner: p === 7 && w < ownedMax ? person : `usr_${p}`,
  })),
).flat();

/** Which role the person holds in a workspace; in two of the ten, none. */
export const grants = range(workspacesMax, (w) => ({
  workspace: `wsp_${w}`,
  role: rolesByWorkspace[w % rolesByWorkspace.length],
})).filter((grant) => grant.role !== undefined);

/** The permissions that a workspace role holds. */
export function permissionsOf(role) {
  return permissions.slice(0, workspaceRoles[role]);
}

/** The gate's documents: what the edge would serve. */
export async function documents() {
  const policy = await compiled({
    id: "bench",
    name: "Bench",
    roles: [
      { id: "admin", name: "Admin", level: "organization", admin: true, override: true },
      { id: "member", name: "Member", level: "organization" },
      ...Object.keys(workspaceRoles).map((id) => ({ id, name: id, level: "workspace" })),
    ],
    permissions: permissions.map((id) => ({
      id,
      level: "workspace",
      allow: Object.keys(workspaceRoles).filter((role) => permissionsOf(role).includes(id)),
    })),
    ownership: { project: ["*"] },
  });
  const { digest } = policy.gate;
  const snapshot = {
    format: 1,
    policy: { id: policy.id, digest },
    organization,
    principal: person,
    epoch: 1,
    server_time_ms: 1_000_000,
    nodes: [
      { id: organization, level: "organization" },
      ...range(workspacesMax, (w) => ({
        id: `wsp_${w}`,
        level: "workspace",
        parent: organization,
      })),
      ...projects.map(({ id, workspace, owner }) => ({
        id,
        level: "project",
        parent: workspace,
        ...(owner === person ? { owned: true } : {}),
      })),
    ],
    grants: [
      { role: "member", node: organization },
      ...grants.map(({ role, workspace }) => ({ role, node: workspace })),
    ],
    token: null,
  };
  return { policy, snapshot, nowMs: snapshot.server_time_ms };
}

/** Questions as `{ permission, project }`, the same ones in every run. */
export function questions(count) {
  const random = randomFrom(20_260_101);
  return range(count, () => ({
    permission: permissions[random(permissions.length)],
    project: projects[random(projects.length)],
  }));
}

function range(count, item) {
  return Array.from({ length: count }, (_, n) => item(n));
}

/** Numbers below a limit, by xorshift: the same sequence for the same seed. */
function randomFrom(seed) {
  let state = seed;
  return (limit) => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) % limit;
  };
}

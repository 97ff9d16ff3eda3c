// The world of the benchmark in the forms in which a page would get it. Who holds what and what is
// asked comes from tests/bench/world, so that the native side answers the same questions.

import { execFile } from "node:child_process";
import { readFile } from "node:fs/promises";
import { promisify } from "node:util";

import { root } from "../support/edge.mjs";
import { binary, compiled } from "../support/policy.mjs";

const pageQuestions = 200;
const mixQuestions = 10_000;
/** What a page of rows asks: so many actions on each of so many rows. */
const rowsMax = 50;
const rowActions = 64;

/** Everything that a contender may need, as plain JSON: it is handed to other processes. */
export async function bench() {
  const world = await read(40, mixQuestions);
  const rows = await read(rowActions, 1);
  return {
    ...(await forms(world)),
    questions: { page: world.questions.slice(0, pageQuestions), mix: world.questions },
    rows: { ...(await forms(rows)), count: rowsMax },
  };
}

/** One principal's side of a world, as each contender's server would send it. */
async function forms(world) {
  const document = policyOf(world);
  const policy = await compiled(document);
  const snapshot = snapshotOf(world, policy.gate.digest);
  const nowMs = snapshot.server_time_ms;
  return {
    world,
    gate: {
      policy: JSON.stringify(policy),
      snapshot: JSON.stringify(snapshot),
      binary: Buffer.from((await binary(document, [snapshot]))[0]).toString("base64"),
      nowMs,
    },
    plain: JSON.stringify(plain(world)),
    casl: JSON.stringify({ rules: caslRules(world), projects: world.projects }),
    rego: { policy: await text("world.rego"), data: JSON.stringify(regoData(world)) },
    cedar: await text("world.cedar"),
  };
}

/** The world with names instead of numbers, for its first principal. */
async function read(permissions, questions) {
  const cargo = process.env.CARGO ?? "cargo";
  const call = ["run", "--quiet", "--package", "lockstep-bench", "--bin", "world", "--"];
  const numbers = [100, permissions, questions, 1].map(String);
  const { stdout } = await promisify(execFile)(cargo, [...call, ...numbers], {
    cwd: root,
    maxBuffer: 1 << 24,
  });
  const world = JSON.parse(stdout);
  const [principal] = world.principals;
  const roleIds = Object.keys(world.roles);
  const grants = world.workspaces
    .map((workspace, number) => ({ workspace, role: roleIds[principal.roles[number]] }))
    .filter(({ role }) => role !== undefined);
  const projects = world.projects.map((project) => ({
    id: project.id,
    workspace: world.workspaces[project.workspace],
    organization: world.organization,
    owner: world.principals[project.owner].id,
  }));
  return {
    organization: world.organization,
    principal: principal.id,
    permissions: world.permissions,
    /** The permissions of each workspace role. */
    roles: Object.fromEntries(
      Object.entries(world.roles).map(([role, held]) => [role, world.permissions.slice(0, held)]),
    ),
    workspaces: world.workspaces,
    grants,
    projects,
    questions: world.questions.map(([, permission, project]) => ({ permission, project })),
  };
}

function policyOf({ roles, permissions }) {
  return {
    id: "bench",
    name: "Bench",
    roles: [
      { id: "admin", name: "Admin", level: "organization", admin: true, override: true },
      { id: "member", name: "Member", level: "organization" },
      ...Object.keys(roles).map((id) => ({ id, name: id, level: "workspace" })),
    ],
    permissions: permissions.map((id) => ({
      id,
      level: "workspace",
      allow: Object.keys(roles).filter((role) => roles[role].includes(id)),
    })),
    ownership: { project: ["*"] },
  };
}

function snapshotOf({ organization, principal, workspaces, projects, grants }, digest) {
  return {
    format: 3,
    policy: { id: "bench", digest },
    organization,
    principal,
    epoch: 1,
    server_time_ms: 1_000_000,
    nodes: [
      { id: organization, level: "organization" },
      { ids: workspaces, level: "workspace", parent: organization },
      ...workspaces.flatMap((parent) => siblings(parent, projects, principal)),
    ],
    grants: [
      { role: "member", node: organization },
      ...grants.map(({ role, workspace }) => ({ role, node: workspace })),
    ],
    token: null,
  };
}

/** The projects of a workspace as the server writes them: one by one where they are owned. */
function siblings(parent, projects, principal) {
  const entries = [];
  for (const { id, owner } of projects.filter(({ workspace }) => workspace === parent)) {
    const last = entries.at(-1);
    if (owner === principal) entries.push({ id, level: "project", parent, owned: true });
    else if (last?.ids) last.ids.push(id);
    else entries.push({ ids: [id], level: "project", parent });
  }
  return entries;
}

/** For those who resolve by hand: roles, who one is, what one holds where, and the projects. */
function plain({ principal, roles, grants, projects }) {
  const byWorkspace = Object.fromEntries(grants.map(({ workspace, role }) => [workspace, role]));
  return { principal, roles, grants: byWorkspace, projects };
}

/**
 * CASL's fastest rules for this world: one for each role, with the workspaces in which one holds it. One
 * for each grant, as its documentation would have it, answers half as fast.
 */
function caslRules({ principal, roles, grants }) {
  const rule = (action, conditions) => ({ action, subject: "project", conditions });
  const held = (role) => grants.filter((grant) => grant.role === role);
  return [
    ...Object.keys(roles).map((role) =>
      rule(roles[role], { workspace: { $in: held(role).map(({ workspace }) => workspace) } }),
    ),
    rule(roles.manage, { owner: principal }),
  ];
}

function regoData({ principal, roles, grants, projects }) {
  const set = (ids) => Object.fromEntries(ids.map((id) => [id, true]));
  const byId = (list, value) => Object.fromEntries(list.map((item) => [item.id, value(item)]));
  return {
    roles: Object.fromEntries(Object.entries(roles).map(([role, held]) => [role, set(held)])),
    projects: byId(projects, ({ workspace, owner }) => ({ workspace, owner })),
    grants: {
      [principal]: Object.fromEntries(grants.map(({ workspace, role }) => [workspace, role])),
    },
    admins: {},
  };
}

function text(name) {
  return readFile(new URL(`policies/${name}`, import.meta.url), "utf8");
}

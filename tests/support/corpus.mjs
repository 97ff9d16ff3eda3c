// The decision corpus (tests/corpus, whose README describes the format), for the runs outside Rust.

import { readdir, readFile } from "node:fs/promises";
import path from "node:path";

import { parse } from "smol-toml";

import { root } from "./edge.mjs";

/** How a world calls its organization. */
export const organization = "organization";

const folder = path.join(root, "tests/corpus");
const nowMs = 1_764_000_000_000;

/** Every world of the corpus, with its defaults filled in. */
export async function worlds() {
  const files = (await readdir(folder)).filter((file) => file.endsWith(".toml")).sort();
  return Promise.all(files.map(read));
}

async function read(file) {
  const world = parse(await readFile(path.join(folder, file), "utf8"));
  const now = world.now_ms ?? nowMs;
  const cases = world.cases.map((written) => ({ node: organization, now_ms: now, ...written }));
  return { file, now_ms: now, nodes: [], ...world, cases };
}

/** The principal of `world` called `name`. */
export function principalOf(world, name) {
  const principal = world.principals.find((known) => known.name === name);
  if (principal === undefined) throw new Error(`${name} is not in ${world.file}`);
  return principal;
}

/** What was granted to `name` at `world`, itself and through its groups. */
export function grantsOf(world, name) {
  const groups = (world.groups ?? []).filter(({ members }) => members.includes(name));
  const through = groups.flatMap(({ id, grants }) => grants.map((grant) => ({ ...grant, group: id })));
  return [...principalOf(world, name).grants, ...through];
}

/** What the directory states about the principal of a case and its organization. */
export function directoryFacts(world, { principal, now_ms }, policy) {
  const people = world.principals.filter(({ kind }) => kind !== "service-account");
  const isLive = ({ not_before_ms: start = 0, expires_at_ms: end = Infinity }) => start <= now_ms && now_ms < end;
  const admins = new Set(policy.roles.filter(({ admin }) => admin).map(({ id }) => id));
  const isAdmin = ({ role, node, not_before_ms, expires_at_ms }) =>
    admins.has(role) && node === organization && (not_before_ms ?? expires_at_ms) === undefined;
  const { properties = {} } = principalOf(world, principal);
  return {
    ...Object.fromEntries(Object.entries(properties).map(([name, value]) => [`principal.properties.${name}`, value])),
    "principal.id": principal,
    "principal.creator": principal === world.principals[0].name,
    "organization.members": people.filter(({ grants }) => grants.some(isLive)).length,
    "organization.admins": people.filter(({ grants }) => grants.some(isAdmin)).length,
    "organization.workspaces": world.nodes.filter(({ level }) => level === "workspace").length,
  };
}

/** One line that tells the case apart in a test's output. */
export function title({ principal, permission, node, target, now_ms }, world) {
  const about = target === undefined ? "" : ` about ${target}`;
  const later = now_ms === world.now_ms ? "" : ` at ${now_ms - world.now_ms} ms`;
  return `${principal} ${permission} on ${node}${about}${later}`;
}

/** What a decision says: `allow`, or the code of the denial. */
export function answer(decision) {
  return decision.decision ? "allow" : decision.reasons[0].code;
}

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

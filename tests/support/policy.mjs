// Policies as the Worker serves them, compiled by the command line.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { root } from "./edge.mjs";

/** The served form of the shipped policy called `id`. */
export function shipped(id) {
  return compile(path.join(root, "policies", `${id}.toml`));
}

/** The served form of a policy that is written as an object. */
export async function compiled(document) {
  const folder = await mkdtemp(path.join(tmpdir(), "lockstep-policy-"));
  try {
    const file = path.join(folder, "policy.toml");
    const lines = Object.entries(document).map(([name, value]) => `${name} = ${toml(value)}`);
    await writeFile(file, lines.join("\n"));
    return await compile(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compile(file) {
  const cargo = process.env.CARGO ?? "cargo";
  const call = ["run", "--quiet", "--package", "lockstep", "--", "compile", file];
  const { stdout } = await promisify(execFile)(cargo, call, { cwd: root, maxBuffer: 1 << 24 });
  return JSON.parse(stdout);
}

/** A value inline; a JSON string is a TOML string, too. */
function toml(value) {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)} = ${toml(member)}`);
  return `{ ${members.join(", ")} }`;
}

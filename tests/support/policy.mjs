// Policies as the Worker serves them, compiled by the command line.

import { execFile } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { promisify } from "node:util";

import { root } from "./edge.mjs";

/** The served form of the shipped policy called `id`. */
export function shipped(id) {
  return compile(fileOf(id));
}

/** The served form of a policy that is written as an object. */
export function compiled(document) {
  return written(document, compile);
}

/** The binary forms of snapshots under a policy: the id of a shipped one, or one written as an object. */
export async function binary(policy, snapshots) {
  return (await bothForms(policy, snapshots)).map(({ bytes }) => bytes);
}

/** Their binary forms, and in `flat` what a page hands to its evaluator of their JSON. */
export function bothForms(policy, snapshots) {
  const convert = (file) => convertAll(file, snapshots);
  return typeof policy === "string" ? convert(fileOf(policy)) : written(policy, convert);
}

/** What native code decides of each question of worlds of the corpus, by their files. */
export async function decisions(files) {
  const worlds = files.map((file) => path.join(root, "tests/corpus", file));
  const answer = await example("world_decisions", [path.join(root, "policies"), ...worlds]);
  return answer.trim().split("\n").map((line) => JSON.parse(line));
}

function fileOf(id) {
  return path.join(root, "policies", `${id}.toml`);
}

async function written(document, use) {
  const folder = await mkdtemp(path.join(tmpdir(), "lockstep-policy-"));
  try {
    const file = path.join(folder, "policy.toml");
    const lines = Object.entries(document).map(([name, value]) => `${name} = ${toml(value)}`);
    await writeFile(file, lines.join("\n"));
    return await use(file);
  } finally {
    await rm(folder, { recursive: true });
  }
}

async function compile(file) {
  return JSON.parse(await cargo(["--package", "lockstep", "--", "compile", file]));
}

async function convertAll(file, snapshots) {
  const lines = snapshots.map((snapshot) => `${JSON.stringify(snapshot)}\n`).join("");
  const answer = await example("binary_snapshots", [file], lines);
  const bytesOf = (hex) => new Uint8Array(Buffer.from(hex, "hex"));
  return answer.trim().split("\n").map((line) => {
    const [bytes, flat] = line.split(" ").map(bytesOf);
    return { bytes, flat };
  });
}

function example(name, args, input) {
  return cargo(["--package", "lockstep-wire", "--features", "toml", "--example", name, "--", ...args], input);
}

async function cargo(program, input = "") {
  const call = promisify(execFile)(
    process.env.CARGO ?? "cargo",
    ["run", "--quiet", ...program],
    { cwd: root, maxBuffer: 1 << 24 },
  );
  call.child.stdin.end(input);
  return (await call).stdout;
}

/** A value inline; a JSON string is a TOML string, too. */
function toml(value) {
  if (Array.isArray(value)) return `[${value.map(toml).join(", ")}]`;
  if (typeof value !== "object") return JSON.stringify(value);
  const members = Object.entries(value).map(([name, member]) => `${JSON.stringify(name)} = ${toml(member)}`);
  return `{ ${members.join(", ")} }`;
}

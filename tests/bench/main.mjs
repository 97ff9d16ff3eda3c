// The gate and its peers in JavaScript: the same questions, answers compared first, then CPU time in
// interleaved rounds. Each contender has a process of its own, so that no one's garbage collector or
// compiler works on another's time. Prints JSON: `main.mjs` alone is for programs, people use
// `cargo xtask bench`.

import { execFile, fork } from "node:child_process";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { bench } from "./world.mjs";

const rounds = 9;
const coldStarts = 7;
const names = ["gate", "limit", "sets", "better-auth", "casl", "regorus", "cedar"];

const folder = await mkdtemp(path.join(tmpdir(), "lockstep-bench-"));
const contenders = [];
try {
  const file = path.join(folder, "world.json");
  await writeFile(file, JSON.stringify(await bench()));
  for (const name of names) contenders.push(await open(name, file));
  const entries = contenders.flatMap(({ ask, variants }) =>
    variants.flatMap(({ variant, workloads }) => workloads.map((workload) => ({ ask, variant, workload }))),
  );
  await compare(entries);
  const result = await measure(entries);
  console.log(JSON.stringify({ node: process.version, ...result, cold: await cold(file) }));
} finally {
  for (const { child } of contenders) child.kill();
  await rm(folder, { recursive: true });
}

async function open(name, file) {
  const child = fork(fileURLToPath(new URL("child.mjs", import.meta.url)), [name, file], {
    // With V8's inlining of calls from JavaScript to wasm, cedar-wasm now and then crashes node 20.
    execArgv: name === "cedar" ? ["--no-turbo-inline-js-wasm-calls"] : [],
  });
  let settle;
  child.on("message", ({ value }) => settle.resolve(value));
  child.on("exit", (code, signal) => settle.reject(new Error(`${name} ended: ${code ?? signal}`)));
  const reply = () => new Promise((resolve, reject) => (settle = { resolve, reject }));
  await reply();
  const ask = (task, options) => {
    const answer = reply();
    child.send({ task, ...options });
    return answer;
  };
  return { child, ask, variants: await ask("variants") };
}

/** Every contender has to give the same answer to every question. */
async function compare(entries) {
  const known = new Map();
  for (const { ask, variant, workload } of entries.filter(({ workload }) => workload !== "first")) {
    const answers = JSON.stringify(await ask("answers", { variant, workload }));
    const [other, theirs] = known.get(workload) ?? [variant, answers];
    known.set(workload, [other, theirs]);
    if (answers !== theirs) throw new Error(`${variant} and ${other} disagree on the ${workload}`);
  }
}

/** Nanoseconds of a pass by workload and variant: the medians of interleaved rounds. */
async function measure(entries) {
  const samples = entries.map(() => []);
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, { ask, variant, workload }] of entries.entries()) {
      samples[index].push(await ask("sample", { variant, workload }));
    }
  }
  const result = {};
  for (const [index, { variant, workload }] of entries.entries()) {
    (result[workload] ??= {})[variant] = median(samples[index]);
  }
  return result;
}

/** Milliseconds to the first answer of a fresh process. */
async function cold(file) {
  const script = fileURLToPath(new URL("cold.mjs", import.meta.url));
  const starting = names.filter((name) => name !== "limit");
  const samples = Object.fromEntries(starting.map((name) => [name, []]));
  for (let start = 0; start < coldStarts; start += 1) {
    for (const name of starting) {
      const { stdout } = await promisify(execFile)(process.execPath, [script, name, file]);
      samples[name].push(Number(stdout));
    }
  }
  return Object.fromEntries(Object.entries(samples).map(([name, of]) => [name, median(of)]));
}

function median(samples) {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
}

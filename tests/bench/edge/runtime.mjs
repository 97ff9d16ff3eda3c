// workerd for a benchmark: started by Miniflare, asked on a socket of the Worker itself (Miniflare's
// own routing in front would be part of every figure), its CPU time read from the kernel.

import { readFileSync, readdirSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";

import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";
import { unstable_getMiniflareWorkerOptions as optionsOf } from "wrangler";

const root = fileURLToPath(new URL("../../..", import.meta.url));
const product = path.join(root, "crates/edge/build");

/**
 * The product's Worker as it is deployed, without the console's files. `around` is the name of a Worker of
 * this folder that is loaded in its place, and imports it.
 */
export async function lockstep(vars, shared = {}, around = undefined) {
  const { workerOptions } = optionsOf(path.join(root, "wrangler.toml"), undefined, { envFiles: [] });
  const { modulesRules, assets, serviceBindings, bindings, ...options } = workerOptions;
  return start({
    ...options,
    bindings: { ...bindings, ...vars },
    modulesRoot: product,
    modules: [
      ...(around ? [{ type: "ESModule", path: path.join(product, "around.mjs"), contents: own(around) }] : []),
      { type: "ESModule", path: path.join(product, "index.js") },
      { type: "CompiledWasm", path: path.join(product, "index_bg.wasm") },
    ],
  }, shared);
}

const own = (name) => readFileSync(new URL(`workers/${name}.mjs`, import.meta.url), "utf8");

/** A Worker of this folder, bundled as wrangler does it, on the same runtime with the same date. */
export async function bundled(entry, options = {}) {
  const { workerOptions } = optionsOf(path.join(root, "wrangler.toml"), undefined, { envFiles: [] });
  const { modules = [], alias, ...others } = options;
  const { outputFiles } = await build({
    entryPoints: [fileURLToPath(new URL(`workers/${entry}.mjs`, import.meta.url))],
    bundle: true,
    minify: true,
    write: false,
    format: "esm",
    target: "esnext",
    conditions: ["workerd", "worker", "browser"],
    external: ["cloudflare:*", "*.wasm"],
    alias,
  });
  return start({
    compatibilityDate: workerOptions.compatibilityDate,
    compatibilityFlags: workerOptions.compatibilityFlags,
    ...others,
    modules: [{ type: "ESModule", path: "worker.mjs", contents: imports(outputFiles[0].text) }, ...modules],
  });
}

/** wasm-bindgen imports modules as the coming standard has it; workerd does without the word. */
const imports = (script) => script.replaceAll(/import source (\w+) ?from/g, "import $1 from");

async function start(options, shared = {}) {
  const folder = await mkdtemp(path.join(tmpdir(), "lockstep-bench-"));
  const before = new Set(children());
  const miniflare = new Miniflare({
    ...shared,
    host: "127.0.0.1",
    port: 0,
    cf: false,
    log: new Log(LogLevel.ERROR),
    defaultPersistRoot: folder,
    workers: [{ ...options, name: "bench", unsafeDirectSockets: [{ host: "127.0.0.1" }] }],
  });
  await miniflare.ready;
  const [pid] = children().filter((child) => !before.has(child));
  const url = await miniflare.unsafeGetDirectURL("bench");
  const stop = () => miniflare.dispose().finally(() => rm(folder, { recursive: true, force: true }));
  return {
    host: url.hostname,
    port: Number(url.port),
    cpuMs: () => cpuMs(pid),
    inspector: () => miniflare.getInspectorURL(),
    kv: (binding) => miniflare.getKVNamespace(binding),
    stop,
  };
}

/** The workerd processes that are ours. */
function children() {
  return readdirSync("/proc").filter((name) => {
    const stat = /^\d+$/.test(name) && read(`/proc/${name}/stat`);
    const [, program, parent] = /\((.*)\) \S (\d+)/.exec(stat || "") ?? [];
    return program === "workerd" && Number(parent) === process.pid;
  });
}

/** What every thread of the process has run so far, in milliseconds. */
function cpuMs(pid) {
  const threads = readdirSync(`/proc/${pid}/task`).map((thread) => read(`/proc/${pid}/task/${thread}/schedstat`));
  return threads.reduce((sum, text) => sum + Number(text.split(" ")[0]), 0) / 1e6;
}

function read(file) {
  try {
    return readFileSync(file, "utf8");
  } catch {
    // A thread or process that has ended since it was listed.
    return "";
  }
}

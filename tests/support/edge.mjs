// Starts the real Worker on workerd for a test, and stops it.
//
// It is the built Worker with the committed wrangler.toml: wrangler itself reads the file and gives
// what its own `wrangler dev` would give to Miniflare. Miniflare is then started in this process
// instead of by `wrangler dev`, because that takes half a second instead of three, chooses the
// moment of its end, and lets a test read the Worker's log. `cargo xtask dev` uses `wrangler dev`.

import { execFile } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { createServer } from "node:net";
import { tmpdir } from "node:os";
import path from "node:path";
import { fileURLToPath } from "node:url";
import { promisify } from "node:util";

import { Heard } from "./canary.mjs";

export const root = fileURLToPath(new URL("../..", import.meta.url));

const build = path.join(root, "crates/edge/build");
const requestLimitMs = 15_000;
const startLimitMs = 30_000;
const startsTried = 5;

/**
 * Starts a Worker with empty stores of its own.
 *
 * @param {object} [options]
 * @param {string} [options.policy] id of a shipped policy; "openlit" by default
 * @param {Record<string, string>} [options.vars] more variables, or other values for ours
 * @param {object} [options.faults] what the stale and failing doubles do (LOCKSTEP_FAULTS)
 * @param {Record<string, unknown>} [options.bindings] variables that are no texts, as `[vars]` may have them
 * @param {string[]} [options.unbound] bindings of wrangler.toml that are left out
 * @param {"simulated" | ((mail: object) => string | undefined)} [options.sender] what the mail binding MAIL is:
 *   Miniflare's own, or what is given each mail and answers the code with which it refuses it
 * @returns {Promise<Edge>}
 */
export async function startEdge({ policy = "openlit", vars = {}, faults, bindings = {}, unbound = [], sender } = {}) {
  for (const file of ["index.js", "index_bg.wasm"]) {
    if (!existsSync(path.join(build, file))) {
      throw new Error("the Worker is not built: run `cargo xtask build edge console` first");
    }
  }
  const folder = await mkdtemp(path.join(tmpdir(), "lockstep-edge-"));
  const values = {
    LOCKSTEP_POLICY: policy,
    LOCKSTEP_DEVELOPMENT: "true",
    LOCKSTEP_ID_KEY: randomBytes(32).toString("base64url"),
    ...(faults === undefined ? {} : { LOCKSTEP_FAULTS: JSON.stringify(faults) }),
    ...vars,
  };
  try {
    return await start(folder, values, { bindings, unbound, sender });
  } catch (error) {
    await remove(folder);
    throw error;
  }
}

async function start(folder, values, changes) {
  for (let attempt = 1; ; attempt += 1) {
    // The origin is part of the configuration, so the port must be known before the start, and
    // another process may take it in between.
    const port = await freePort();
    const origin = `http://localhost:${port}`;
    const log = [];
    log.mail = [];
    const again = () => create(folder, port, { LOCKSTEP_ORIGIN: origin, ...values }, changes, log);
    const others = await workerds();
    const miniflare = await again();
    try {
      await within(miniflare.ready, startLimitMs, "the Worker did not start");
      return new Edge({ origin, folder, miniflare, log, values, again, others });
    } catch (error) {
      await miniflare.dispose().catch(() => {});
      const clash = /EADDRINUSE|address already in use/i.test(`${error} ${log.join("\n")}`);
      if (!clash || attempt === startsTried) throw new Error(`${error}\n${log.join("\n")}`);
    }
  }
}

async function create(folder, port, values, { bindings, unbound, sender }, log) {
  const { unstable_getMiniflareWorkerOptions: optionsOf, Log, LogLevel, Miniflare } =
    await libraries(folder);
  const file = path.join(folder, "vars");
  await writeFile(file, dotenv(values));
  const { workerOptions } = optionsOf(path.join(root, "wrangler.toml"), undefined, {
    // Naming a file keeps a developer's own .dev.vars out of the tests.
    envFiles: [file],
  });
  delete workerOptions.modulesRules;
  Object.assign(workerOptions.bindings, bindings);
  for (const name of unbound) {
    delete workerOptions.kvNamespaces[name];
    delete workerOptions.durableObjects[name];
  }
  if (sender === "simulated") workerOptions.email = { send_email: [{ name: "MAIL" }] };
  const mailers = typeof sender === "function" ? [mailer(sender)] : [];
  if (mailers.length > 0) workerOptions.wrappedBindings = { MAIL: { scriptName: "mailer" } };
  // What the simulated binding sends is told here and nowhere else.
  class MailLog extends Log {
    log(message) {
      if (/send_email binding called/.test(message)) log.mail.push(message);
    }
  }
  return new Miniflare({
    host: "127.0.0.1",
    port,
    cf: false,
    log: sender === "simulated" ? new MailLog(LogLevel.INFO) : new Log(LogLevel.WARN),
    defaultPersistRoot: path.join(folder, "store"),
    handleRuntimeStdio: (stdout, stderr) => {
      for (const stream of [stdout, stderr]) {
        stream.setEncoding("utf8");
        stream.on("data", (text) => log.push(text));
      }
    },
    workers: [
      {
        ...workerOptions,
        name: "lockstep",
        modulesRoot: build,
        modules: [
          { type: "ESModule", path: path.join(build, "index.js") },
          { type: "CompiledWasm", path: path.join(build, "index_bg.wasm") },
        ],
      },
      ...mailers,
    ],
  });
}

/** The mail binding: an object in the Worker's own isolate, whose errors have a code as those of the real one. */
function mailer(sender) {
  const contents = `
    const send = async (keep, mail) => {
      const answer = await keep.fetch("http://keep", { method: "POST", body: JSON.stringify(mail) });
      const { code } = await answer.json();
      if (code) throw Object.assign(new Error("refused on purpose"), { code });
      return { messageId: "<1@mailer>" };
    };
    export default ({ KEEP }) => ({ send: (mail) => send(KEEP, mail) });
  `;
  const keep = async (request) => Response.json({ code: sender(await request.json()) });
  return {
    name: "mailer",
    modules: [{ type: "ESModule", path: "mailer.mjs", contents }],
    serviceBindings: { KEEP: keep },
  };
}

/** A running Worker. */
class Edge {
  #folder;
  #log;
  #miniflare;
  #stopped;
  #again;
  #others;

  /** What its answers said, for whoever reads them to tell. */
  heard = new Heard();

  constructor({ origin, folder, miniflare, log, values, again, others }) {
    /** Where it answers; also the configured LOCKSTEP_ORIGIN. */
    this.origin = origin;
    /** The variables it was started with (LOCKSTEP_ID_KEY among them). */
    this.vars = values;
    /** The folder of its stores: the objects' SQLite files and KV. */
    this.store = path.join(folder, "store");
    this.#folder = folder;
    this.#log = log;
    this.#miniflare = miniflare;
    this.#again = again;
    this.#others = others;
  }

  /** `fetch` for a path of this Worker, with a time-out; redirects are not followed. */
  fetch = (target, init = {}) =>
    fetch(new URL(target, this.origin), {
      redirect: "manual",
      signal: AbortSignal.timeout(requestLimitMs),
      ...init,
    });

  /** What the Worker and the runtime wrote to their log so far. */
  log() {
    return this.#log.join("");
  }

  /** What the simulated mail binding was given: the head of each mail, and in which files its text and HTML are. */
  get mail() {
    return this.#log.mail;
  }

  /** Ends this workerd in the middle of whatever it does, as a power cut would. Its stores stay. */
  async kill() {
    const own = (await workerds()).filter((pid) => !this.#others.includes(pid));
    if (own.length !== 1) throw new Error(`workerd runs ${own.length} times`);
    process.kill(own[0], "SIGKILL");
    await this.#miniflare.dispose();
  }

  /** Starts workerd again on the stores that are there, at the same address. */
  async revive() {
    this.#others = await workerds();
    this.#miniflare = await this.#again();
    await within(this.#miniflare.ready, startLimitMs, "the Worker did not start again");
  }

  /** Starts it anew on its stores, with other values for some variables: an isolate that knows nothing yet. */
  async restart(vars) {
    await this.#miniflare.dispose();
    Object.assign(this.vars, vars);
    await this.revive();
  }

  /**
   * Stops it and deletes its stores. Calling it again does nothing. Rejects when a secret was where none
   * may be (threats P5, P6), whatever the test was about.
   */
  stop = () => {
    this.#stopped ??= this.#stop().finally(() => remove(this.#folder));
    return this.#stopped;
  };

  async #stop() {
    await this.#miniflare.dispose();
    const findings = await this.heard.findings(this.log(), this.store);
    if (findings.length > 0) throw new Error(`secrets where none may be: ${findings.join("; ")}`);
  }
}

/** The workerd processes that this process has started, by their ids. */
async function workerds() {
  const { stdout } = await promisify(execFile)("ps", ["-A", "-o", "pid=,ppid=,comm="]);
  const all = stdout.split("\n").map((line) => line.trim().split(/\s+/));
  const own = all.filter(([, parent, name]) => Number(parent) === process.pid && /workerd$/.test(name));
  return own.map(([pid]) => Number(pid));
}

/** A port of the loopback interface that nobody listens on. */
export async function freePort() {
  const server = createServer();
  await new Promise((resolve, reject) => {
    server.once("error", reject);
    server.listen(0, "127.0.0.1", resolve);
  });
  const { port } = server.address();
  await new Promise((resolve) => server.close(resolve));
  return port;
}

/** Rejects with `message` when the promise takes longer. */
export async function within(promise, limitMs, message) {
  let timer;
  const limit = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error(`${message} within ${limitMs} ms`)), limitMs);
  });
  try {
    return await Promise.race([promise, limit]);
  } finally {
    clearTimeout(timer);
  }
}

// wrangler reads these when it is loaded; nothing of it may reach the network or the home folder.
async function libraries(folder) {
  process.env.WRANGLER_SEND_METRICS = "false";
  process.env.WRANGLER_SEND_ERROR_REPORTS = "false";
  process.env.WRANGLER_HIDE_BANNER = "true";
  process.env.WRANGLER_LOG = "error";
  process.env.WRANGLER_LOG_PATH ??= path.join(folder, "wrangler-log");
  process.env.XDG_CONFIG_HOME = path.join(folder, "config");
  const [wrangler, miniflare] = await Promise.all([import("wrangler"), import("miniflare")]);
  return { ...wrangler, ...miniflare };
}

function dotenv(values) {
  const lines = Object.entries(values).map(([name, value]) => {
    if (/['\n]/.test(value)) throw new Error(`${name} must not hold a quote or a line break`);
    return `${name}='${value}'`;
  });
  return `${lines.join("\n")}\n`;
}

async function remove(folder) {
  await rm(folder, { recursive: true, force: true, maxRetries: 3 });
}

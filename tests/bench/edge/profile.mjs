// Where the time of our Worker goes: a CPU profile by the runtime's own inspector, by kinds of work.
// Prints JSON: people use `cargo xtask bench --profile`.

import { once } from "node:events";

import WebSocket from "ws";

import { Client } from "./load.mjs";
import { ask, product, seed, strangers } from "./product.mjs";
import { Issuer, people } from "./world.mjs";

const requests = 1_000;
const batches = 4;
const intervalUs = 100;

/** Kinds of work by the names of the functions in which it is done; the first that fits counts. */
const kinds = [
  ["nothing", /^\(idle\)$/],
  ["garbage collection", /^\(garbage collector\)$/],
  ["the runtime itself", /^\(program\)$/],
  ["signatures", /^__wbg_(verify|importKey)_/],
  ["KV", /^__wbg_get_/],
  ["calls of objects", /^__wbg_(command|getByName|idFromName)_/],
  ["SQLite", /^(exec|next|__wbg_(exec|raw|toArray|columnNames)_.*)$/],
  ["timers", /^(setTimeout|clearTimeout|__wbg_(setTimeout|clearTimeout)_.*)$/],
  ["our Rust", /^wasm-function\[/],
  ["between Rust and the script", /^(__wb|wasm-to-js|js-to-wasm)/],
];
const script = "the script: reading the request, writing the answer";

/** A connection to an inspector: calls by number, each with its answer. */
class Connection {
  #answers = new Map();
  #calls = 0;
  #socket;

  constructor(socket) {
    this.#socket = socket;
    socket.on("message", (text) => {
      const { id, result, error } = JSON.parse(text);
      const answer = this.#answers.get(id);
      this.#answers.delete(id);
      if (error) answer?.reject(new Error(error.message));
      else answer?.resolve(result);
    });
  }

  static async open(address) {
    const socket = new WebSocket(address);
    await once(socket, "open");
    return new Connection(socket);
  }

  call(method, params = {}) {
    this.#calls += 1;
    const id = this.#calls;
    return new Promise((resolve, reject) => {
      this.#answers.set(id, { resolve, reject });
      this.#socket.send(JSON.stringify({ id, method, params }));
    });
  }

  close() {
    this.#socket.close();
  }
}

const issuer = new Issuer("RS256");
const worker = await product(issuer, { inspectorPort: 0 });
const ours = { name: "lockstep", worker, client: new Client(worker) };
try {
  const everybody = people(await seed(ours, issuer));
  const [one] = everybody;
  const token = issuer.token(one.name);
  const same = () => Array.from({ length: requests }, () => ask(one, token));
  const result = {};
  for (const [row, batch] of Object.entries({ cached: same, cold: strangers(issuer, everybody, requests) })) {
    const often = async () => {
      for (let sent = 0; sent < batches; sent += 1) await ours.client.sample(batch());
    };
    await often();
    result[row] = shares(await profileOf(await worker.inspector(), often));
  }
  console.log(JSON.stringify(result));
} finally {
  ours.client.close();
  await worker.stop();
}

/** The profile that the inspector takes while `work` is done. */
async function profileOf(inspector, work) {
  const list = new URL("/json", inspector);
  list.protocol = "http:";
  const targets = await (await fetch(list)).json();
  const target = targets.find(({ webSocketDebuggerUrl }) => webSocketDebuggerUrl.endsWith("core:user:bench"));
  const connection = await Connection.open(target.webSocketDebuggerUrl);
  await connection.call("Profiler.enable");
  await connection.call("Profiler.setSamplingInterval", { interval: intervalUs });
  await connection.call("Profiler.start");
  await work();
  const { profile } = await connection.call("Profiler.stop");
  connection.close();
  return profile;
}

/** How much of the time in which anything was done each kind took. */
function shares({ nodes, samples, timeDeltas }) {
  const kindOf = new Map(nodes.map(({ id, callFrame }) => [id, kind(callFrame)]));
  const spent = {};
  samples.forEach((id, at) => {
    spent[kindOf.get(id)] = (spent[kindOf.get(id)] ?? 0) + timeDeltas[at];
  });
  delete spent.nothing;
  const all = Object.values(spent).reduce((sum, us) => sum + us, 0);
  return Object.fromEntries(Object.entries(spent).map(([kind, us]) => [kind, us / all]));
}

function kind({ functionName }) {
  return kinds.find(([, name]) => name.test(functionName))?.[0] ?? script;
}

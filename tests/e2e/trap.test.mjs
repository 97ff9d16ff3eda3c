// The Worker's entry around an instance that dies: nothing waits for ever, and the next request is
// served. Our own code must not panic, so a stand-in that can is put in its place.

import assert from "node:assert/strict";
import path from "node:path";
import { after, before, test } from "node:test";
import { setTimeout } from "node:timers/promises";

import { build } from "esbuild";
import { Log, LogLevel, Miniflare } from "miniflare";

import { root } from "../support/edge.mjs";

const requestLimitMs = 5_000;

/** `(module (func (export "trap") unreachable))` */
const trapping = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 4, 1, 96, 0, 0, 3, 2, 1, 0, 7, 8, 1, 4, 116, 114, 97, 112, 0, 0,
  10, 5, 1, 3, 0, 0, 11,
]);

/** As what wasm-bindgen writes: any export replaces a dead instance, and old values are stale. */
const standIn = `
  import trapping from "./trapping.wasm";

  const { trap } = new WebAssembly.Instance(trapping).exports;
  const state = { instanceId: 1 };
  let isDead = false;

  function die() {
    isDead = true;
    trap();
  }

  export function __worker_init_state() {
    if (isDead) state.instanceId += 1;
    isDead = false;
    return state;
  }

  export async function fetch(request, headLength, env) {
    const head = new TextDecoder().decode(request.subarray(0, headLength));
    const { pathname } = new URL(head.split("\\n")[1]);
    if (pathname === "/object/stream") return organization(env).fetch("https://object/");
    return new Response(await asked(pathname, env));
  }

  const organization = (env) => env.ORGANIZATIONS.getByName("a");

  /** Says what instance it is of, and then nothing while that lives. */
  function stream() {
    const { instanceId } = state;
    let isSaid = false;
    return new ReadableStream({
      async pull(controller) {
        if (isSaid) await new Promise(() => {});
        isSaid = true;
        controller.enqueue(new TextEncoder().encode(JSON.stringify({ instance: instanceId })));
      },
    });
  }

  function asked(pathname, env) {
    if (!pathname.startsWith("/object/")) return answer(pathname, state.instanceId);
    return organization(env).command(pathname);
  }

  let rings = 0;

  async function answer(pathname, instance, storage) {
    if (pathname.endsWith("/ring")) await storage.setAlarm(Date.now());
    if (pathname.endsWith("/ring") || pathname.endsWith("/rung"))
      return JSON.stringify({ rings, waits: (await storage.getAlarm()) - Date.now() });
    if (instance !== state.instanceId) throw new Error("a value of a dead instance was used");
    if (pathname.endsWith("/now")) die();
    if (pathname.endsWith("/task")) scheduler.wait(50).then(() => queueMicrotask(die));
    if (pathname.endsWith("/promise")) scheduler.wait(50).then(die);
    if (!pathname.endsWith("/fine")) return new Promise(() => {});
    return JSON.stringify({ instance });
  }

  class Value {
    instance = state.instanceId;
    constructor({ storage }) {
      this.storage = storage;
    }
    command(pathname) {
      return answer(pathname, this.instance, this.storage);
    }
    async alarm() {
      rings += 1;
      die();
    }
    async fetch() {
      return new Response(stream(), { headers: { "content-type": "text/event-stream" } });
    }
  }
  export { Value as AddressObject, Value as DomainObject, Value as MailboxObject, Value as SlugObject };
  export { Value as OrganizationObject, Value as UserObject };
`;

let miniflare;
let origin;

before(async () => {
  miniflare = new Miniflare({
    name: "trap",
    cf: false,
    log: new Log(LogLevel.NONE),
    handleRuntimeStdio: (...streams) => streams.forEach((stream) => stream.resume()),
    compatibilityDate: "2026-04-20",
    durableObjects: { ORGANIZATIONS: { className: "OrganizationObject", useSQLite: true } },
    modules: [
      { type: "ESModule", path: "worker.js", contents: await entry() },
      { type: "CompiledWasm", path: "trapping.wasm", contents: trapping },
    ],
  });
  origin = await miniflare.ready;
});

after(() => miniflare?.dispose());

for (const place of ["", "/object"]) {
  const where = place === "" ? "in the Worker" : "in a Durable Object";

  test(`a trap at once, ${where}: an error at once, and the next request is served`, async () => {
    const { instance } = await (await get(`${place}/fine`)).json();
    assert.equal((await get(`${place}/now`)).status, 500);
    assert.deepEqual(await (await get(`${place}/fine`)).json(), { instance: instance + 1 });
  });

  for (const later of ["task", "promise"]) {
    test(`a trap in a later ${later}, ${where}: an error for all that was under way`, async () => {
      const { instance } = await (await get(`${place}/fine`)).json();
      const answers = await Promise.all([get(`${place}/never`), get(`${place}/${later}`)]);
      assert.deepEqual(
        answers.map((answer) => answer.status),
        [500, 500],
      );
      assert.deepEqual(await (await get(`${place}/fine`)).json(), { instance: instance + 1 });
    });
  }
}

// In the Worker itself the runtime ends a body for which nothing is under way any more.
test("a trap in a Durable Object: a stream that is open breaks off, and the next one is sent", async () => {
  const open = async () => (await get("/object/stream")).body.getReader();
  const stream = await open();
  const { instance } = await part(stream);
  assert.equal((await get("/object/promise")).status, 500);
  const { done } = await stream.read().catch(({ name }) => ({ done: name !== "TimeoutError" }));
  assert.ok(done, "it ends, however");
  const next = await open();
  assert.deepEqual(await part(next), { instance: instance + 1 });
  await next.cancel();
});

// The runtime would ring it again after two seconds, six times in all.
test("a trap in an object's alarm: it rings again, however often that was", async () => {
  await get("/object/ring");
  let rung = { rings: 0, waits: 0 };
  for (let asked = 0; asked < 20 && !(rung.rings > 0 && rung.waits > 0); asked += 1) {
    await setTimeout(50);
    rung = await (await get("/object/rung")).json();
  }
  assert.equal(rung.rings, 1);
  assert.ok(8_000 < rung.waits && rung.waits <= 10_000, `${rung.waits} ms`);
});

/** crates/xtask/js/worker.js, with the stand-in where the evaluator's JavaScript would be. */
async function entry() {
  const result = await build({
    entryPoints: [path.join(root, "crates/xtask/js/worker.js")],
    bundle: true,
    format: "esm",
    write: false,
    external: ["cloudflare:*", "./trapping.wasm"],
    plugins: [
      {
        name: "stand-in",
        setup({ onResolve, onLoad }) {
          onResolve({ filter: /^\.\/edge\.js$/ }, () => ({ path: "edge", namespace: "stand-in" }));
          onLoad({ filter: /.*/, namespace: "stand-in" }, () => ({ contents: standIn }));
        },
      },
    ],
  });
  return result.outputFiles[0].text;
}

/** What comes next of a body. */
async function part(reader) {
  const { value } = await reader.read();
  return JSON.parse(new TextDecoder().decode(value));
}

function get(pathname) {
  return fetch(new URL(pathname, origin), { signal: AbortSignal.timeout(requestLimitMs) });
}

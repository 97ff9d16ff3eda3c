// `cargo xtask dev` as a person meets it: it starts, says where and how, keeps what was made, and
// ends without leaving anything behind.

import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import path from "node:path";
import { after, before, test } from "node:test";

import { Person } from "../e2e/person.mjs";
import { freePort, root, within } from "../support/edge.mjs";

const startLimitMs = 120_000;
const stopLimitMs = 15_000;
const requestLimitMs = 15_000;

let state;

before(async () => {
  state = await mkdtemp(path.join(tmpdir(), "lockstep-dev-"));
});

after(() => rm(state, { recursive: true, force: true, maxRetries: 3 }));

const organizationsOf = async (person) => {
  const { json } = await person.get("/v1/me");
  return json.organizations.map(({ name }) => name);
};

for (const [name, signal, before] of [
  ["a first run starts, says how to sign in, and ends on Ctrl-C", "SIGINT", []],
  ["a second run finds what the first one made, and ends when it is terminated", "SIGTERM", ["Kept"]],
]) {
  test(name, async () => {
    const port = await freePort();
    const dev = start(port);
    try {
      const text = await within(dev.welcome, startLimitMs, "no word of how to sign in");
      const origin = `http://localhost:${port}`;
      assert.match(text, new RegExp(`${origin} `));
      assert.match(text, /Sign in as +admin@example\.com/);
      assert.match(text, new RegExp(`${origin}/dev/mailbox`));

      for (const page of ["/", "/dev/mailbox"]) {
        const response = await get(`${origin}${page}`);
        assert.equal(response.status, 200);
        assert.match(response.headers.get("content-type"), /^text\/html/);
      }
      assert.equal((await get(`${origin}/v1/health`)).status, 200);

      const edge = { origin, fetch: (url, init) => get(new URL(url, origin), init), heard: { answer() {} } };
      const ann = await Person.signIn(edge, "ann@example.com");
      assert.deepEqual(await organizationsOf(ann), before);
      assert.equal((await ann.post("/v1/organizations", { name: "Kept" })).status, 201);
      const admin = await Person.signIn(edge, "admin@example.com");
      assert.deepEqual(await organizationsOf(admin), ["Demo organization"], "made once");

      dev.child.kill(signal);
      assert.equal(await within(dev.ended, stopLimitMs, "did not end"), 0);
      await assert.rejects(get(`${origin}/v1/health`), "the Worker still answers");
    } finally {
      dev.child.kill("SIGTERM");
      await within(dev.ended, stopLimitMs, "did not end");
    }
  });
}

test("a wrong option is refused with a sentence", async () => {
  const { child, ended, output } = start(70_000);
  assert.notEqual(await within(ended, startLimitMs, "did not end"), 0);
  assert.match(output(), /`70000` is not a port/);
  assert.equal(child.exitCode, 1);
});

function start(port) {
  const child = spawn(
    process.env.LOCKSTEP_XTASK,
    ["dev", "--port", String(port), "--state", state],
    { cwd: root, stdio: ["ignore", "pipe", "pipe"] },
  );
  let text = "";
  const ended = new Promise((resolve, reject) => {
    child.once("error", reject);
    child.once("close", resolve);
  });
  const welcome = new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding("utf8");
      stream.on("data", (part) => {
        text += part;
        if (text.includes("Ctrl-C stops it")) resolve(text);
      });
    }
    ended.then((code) => reject(new Error(`ended with ${code}:\n${text}`)), reject);
  });
  // A run that is meant to fail has nobody waiting for its welcome.
  welcome.catch(() => {});
  return { child, ended, welcome, output: () => text };
}

function get(url, init) {
  return fetch(url, { ...init, signal: AbortSignal.timeout(requestLimitMs) });
}

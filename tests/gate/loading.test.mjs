// Loading the evaluator: once per realm, so this has a file of its own, whose tests follow each other.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createGate } from "@lockstep/gate";

import { edgeDouble, follow, pass, ready, until } from "./double.mjs";
import { policy, snapshot, wasm } from "./world.mjs";

const address = new URL("http://edge/lockstep_gate_bg.wasm");

/** What a page's `fetch` does for the evaluator; a signal ends it, as a browser's does. */
function serve(t, answer) {
  t.mock.method(globalThis, "fetch", (_, { signal } = {}) => {
    const ended = new Promise((_, reject) => {
      signal?.addEventListener("abort", () => reject(signal.reason));
    });
    return Promise.race([answer(), ended]);
  });
}

test("what_gives_the_evaluator_is_asked_at_each_try", async () => {
  let tries = 0;
  const source = () => {
    tries += 1;
    return tries === 3 ? Promise.reject(new Error("not there")) : new Response(null, { status: 503 });
  };
  const gate = () => createGate({ policy, snapshot: snapshot(), wasm: source });
  await assert.rejects(gate(), /could not be read: 503/);
  await assert.rejects(gate(), /could not be read: 503/);
  await assert.rejects(gate(), /not there/);
});

test("waits_grow_although_the_stream_answers", async (t) => {
  t.mock.method(console, "error", () => {});
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const edge = edgeDouble(snapshot());
  const { eventSource } = edge;
  edge.eventSource = (url) => {
    const source = eventSource(url);
    setTimeout(() => source.announce(7), 10);
    return source;
  };
  let tries = 0;
  // As where the page's content security policy keeps it from being compiled.
  const wasm = () => {
    tries += 1;
    return new Promise((_, reject) => setTimeout(reject, 30, new Error("not compiled")));
  };
  follow(t, edge, { wasm });
  await pass(t, 10_000);
  assert.ok(edge.sources.length >= 3 && edge.sources.length <= 6, `${edge.sources.length} streams`);
  assert.ok(tries <= 7, `${tries} tries`);
});

test("an_evaluator_that_does_not_come_is_asked_for_again", async (t) => {
  t.mock.method(console, "error", () => {});
  const timeout = AbortSignal.timeout.bind(AbortSignal);
  const limits = new Set();
  t.mock.method(AbortSignal, "timeout", (ms) => {
    limits.add(ms);
    return timeout(50);
  });
  let answer = () => new Promise(() => {});
  serve(t, () => answer());
  const store = follow(t, edgeDouble(snapshot()), { wasm: address });
  const late = await until(store, ({ status }) => status !== "loading", "still loading");
  assert.equal(late.status, "unreadable");
  assert.equal(late.gate.can("read"), false);
  assert.deepEqual([...limits], [10_000]);
  // Nor does something else.
  const answers = ["<html>", wasm];
  answer = async () => new Response(answers.shift());
  // Nobody calls refresh: the connection tries again by itself.
  assert.equal((await ready(store)).gate.can("read"), true);
  assert.deepEqual(answers, []);
});

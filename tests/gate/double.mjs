// A connection of @lockstep/gate, and an edge for it.

import assert from "node:assert/strict";
import { setTimeout } from "node:timers";
import { setTimeout as sleep } from "node:timers/promises";

import { connect } from "@lockstep/gate";

import { organization, policy, wasm } from "./world.mjs";

/** An edge as a page sees it: what it answers can be changed, and what it was asked is kept. */
export function edgeDouble(first) {
  const edge = { answer: first, policy, asked: [], sources: [] };
  edge.fetch = async (url, { headers }) => {
    edge.asked.push({ url, headers });
    if (url.endsWith("/v1/policy")) return Response.json(edge.policy);
    const answer = edge.answer;
    return typeof answer === "function" ? answer() : Response.json(answer);
  };
  edge.eventSource = (url) => {
    const source = new EventTarget();
    Object.assign(source, { url, closed: false, close: () => (source.closed = true) });
    source.announce = (epoch) => {
      const data = JSON.stringify({ epoch });
      source.dispatchEvent(new MessageEvent("epoch", { data }));
    };
    edge.sources.push(source);
    return source;
  };
  edge.reads = () => edge.asked.filter(({ url }) => url.endsWith("/snapshot")).length;
  return edge;
}

/** A connection with one subscriber, which ends with the test. */
export function follow(t, edge, options = {}) {
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge", ...options });
  const leave = store.subscribe(() => {});
  t.after(async () => {
    leave();
    // Whether anybody is left is looked at a moment later, by the clock that this test has, and not by the next one's.
    if (globalThis.setTimeout !== setTimeout) t.mock.timers.tick(1);
    else await sleep(5);
  });
  return store;
}

export async function until(store, holds, what) {
  const end = Date.now() + 3_000;
  while (!holds(store.getSnapshot())) {
    assert.ok(Date.now() < end, `${what}: ${JSON.stringify(store.getSnapshot())}`);
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
  return store.getSnapshot();
}

export const ready = (store) => until(store, ({ status }) => status === "ready", "not ready");

/** Lets so much of the test's own clock pass, which `t.mock.timers` keeps, and what waits for it happen. */
export async function pass(t, ms, stepMs = 10) {
  for (let passed = 0; passed < ms; passed += stepMs) {
    t.mock.timers.tick(stepMs);
    await new Promise(setImmediate);
  }
}

/** An answer of the edge that is a refusal. */
export function problem(status, code) {
  const body = JSON.stringify({ status, code, detail: `The edge says ${code}.` });
  return () => new Response(body, { status });
}

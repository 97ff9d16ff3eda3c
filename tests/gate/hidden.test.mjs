// What a connection does in a page that nobody sees: six streams of one origin are all that HTTP/1.1 has.

import assert from "node:assert/strict";
import { test } from "node:test";

import { edgeDouble, follow, pass, problem } from "./double.mjs";
import { organization, snapshot } from "./world.mjs";

const admin = [["admin", organization]];
const MINUTE_MS = 60_000;

/** A page as far as a connection looks at one; `show` brings it into view, or takes it away. */
function page(t, visibilityState) {
  const document = Object.assign(new EventTarget(), { visibilityState });
  globalThis.document = document;
  t.after(() => delete globalThis.document);
  return (state) => {
    document.visibilityState = state;
    document.dispatchEvent(new Event("visibilitychange"));
  };
}

const open = ({ sources }) => sources.filter(({ closed }) => !closed).length;
const invites = (store) => store.getSnapshot().gate.can("invite");

/** A store in a page that was in view and is not any more, and how to show it. */
async function hidden(t) {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const show = page(t, "visible");
  const edge = edgeDouble(snapshot({ grants: admin, epoch: 1 }));
  const store = follow(t, edge);
  await pass(t, 20);
  assert.deepEqual([open(edge), invites(store)], [1, true]);
  show("hidden");
  return { edge, store, show };
}

test("a_page_that_nobody_sees_holds_no_stream", async (t) => {
  const { edge, store } = await hidden(t);
  await pass(t, 30_000, 500);
  assert.equal(open(edge), 0);
  assert.equal(invites(store), true);
  // Nor does it open one again, whatever it reads, and whatever fails.
  await store.refresh();
  await pass(t, 10 * MINUTE_MS, 500);
  edge.answer = problem(503, "unavailable");
  await store.refresh();
  await pass(t, 10 * MINUTE_MS, 500);
  assert.equal(invites(store), false);
  assert.deepEqual([open(edge), edge.sources.length], [0, 1]);
});

test("a_page_that_is_seen_again_reads_at_once_and_listens", async (t) => {
  const { edge, store, show } = await hidden(t);
  await pass(t, 10 * MINUTE_MS, 500);
  const reads = edge.reads();
  edge.answer = snapshot({ epoch: 2 });
  show("visible");
  await pass(t, 10);
  assert.deepEqual([invites(store), edge.reads(), open(edge)], [false, reads + 1, 1]);
  edge.answer = snapshot({ grants: admin, epoch: 3 });
  edge.sources.at(-1).announce(3);
  await pass(t, 20);
  assert.equal(invites(store), true);
});

test("a_page_that_is_seen_again_and_is_not_answered_denies", async (t) => {
  const { edge, store, show } = await hidden(t);
  await pass(t, MINUTE_MS, 500);
  edge.answer = () => Promise.reject(new DOMException("timed out", "TimeoutError"));
  t.mock.method(console, "error", () => {});
  show("visible");
  await pass(t, 10);
  assert.deepEqual([store.getSnapshot().status, invites(store)], ["unreachable", false]);
});

test("a_page_that_was_opened_behind_others_reads_and_holds_no_stream", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"] });
  const show = page(t, "hidden");
  const edge = edgeDouble(snapshot({ grants: admin }));
  const store = follow(t, edge);
  await pass(t, MINUTE_MS, 500);
  assert.deepEqual([invites(store), edge.sources.length], [true, 0]);
  show("visible");
  await pass(t, 10);
  assert.deepEqual([open(edge), edge.reads()], [1, 2]);
});

test("a_right_ends_in_a_page_that_nobody_sees", async (t) => {
  t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 });
  const show = page(t, "visible");
  const grant = { role: "admin", node: organization, expires_at_ms: 1_000_000 + MINUTE_MS };
  const edge = edgeDouble(() => Response.json(snapshot({ grants: [grant], server_time_ms: Date.now() })));
  const store = follow(t, edge);
  await pass(t, 20);
  show("hidden");
  assert.equal(invites(store), true);
  await pass(t, MINUTE_MS, 500);
  assert.deepEqual([invites(store), open(edge)], [false, 0]);
});

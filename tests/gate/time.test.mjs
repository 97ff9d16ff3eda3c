// What a connection makes of time: rights that end, machines that sleep, streams that die without a word.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "@lockstep/gate";

import { edgeDouble, follow, pass } from "./double.mjs";
import { organization, snapshot, wasm } from "./world.mjs";

const member = ["member", organization];
const HEARTBEAT_MS = 15_000;

const clock = { apis: ["setTimeout", "Date"], now: 1_000_000 };

/** An edge whose snapshots have a right to invite that ends after so long, by its own clock. */
function ending(ms, now = () => Date.now()) {
  const grant = { role: "admin", node: organization, expires_at_ms: now() + ms };
  return () => Response.json(snapshot({ grants: [grant, member], server_time_ms: now() }));
}

const open = ({ sources }) => sources.filter(({ closed }) => !closed);
const beat = (edge) => open(edge)[0].dispatchEvent(new MessageEvent("beat", { data: "{}" }));
const invites = (store) => store.getSnapshot().gate.can("invite");

/** The store with what it has read. */
async function followed(t, edge) {
  const store = follow(t, edge);
  await pass(t, 20);
  assert.equal(store.getSnapshot().status, "ready");
  return store;
}

test("a_grant_that_ends_gives_another_gate", async (t) => {
  t.mock.timers.enable(clock);
  const store = await followed(t, edgeDouble(ending(500)));
  const before = store.getSnapshot();
  assert.equal(before.gate.can("invite"), true);
  await pass(t, 500);
  const after = store.getSnapshot();
  assert.equal(after.gate.can("invite"), false);
  assert.notEqual(after.gate, before.gate);
  // What a page had remembered of a state stays what it was.
  assert.equal(before.gate.can("invite"), true);
});

test("a_grant_ends_however_far_away_that_was", async (t) => {
  t.mock.timers.enable(clock);
  const store = await followed(t, edgeDouble(ending(2_592_000_000)));
  await pass(t, 2_592_000_000, 3_600_000);
  assert.equal(invites(store), false);
});

test("a_machine_that_slept_shows_soon_what_has_ended", async (t) => {
  t.mock.timers.enable(clock);
  const store = await followed(t, edgeDouble(ending(3_600_000)));
  // Its timers stood still meanwhile.
  const { now } = Date;
  t.mock.method(Date, "now", () => now() + 7_200_000);
  await pass(t, HEARTBEAT_MS, 500);
  assert.equal(invites(store), false);
});

/** Sets this machine's clock; what has passed since says another one, which nobody can set, and stops it while it sleeps. */
function setClock(t, ms, passed = 0) {
  const { now } = Date;
  const steady = performance.now();
  t.mock.method(Date, "now", () => now() + ms);
  t.mock.method(performance, "now", () => steady + passed);
}

test("a_clock_that_is_set_back_gives_no_right_longer", async (t) => {
  t.mock.timers.enable(clock);
  let edgeMs = 5_000_000;
  const store = await followed(t, edgeDouble(ending(60_000, () => edgeMs)));
  edgeMs += 61_000;
  setClock(t, -3_600_000, 61_000);
  await pass(t, 12_000, 500);
  assert.equal(invites(store), false);
});

test("a_clock_that_is_set_forward_takes_no_right_for_long", async (t) => {
  t.mock.timers.enable(clock);
  const { now } = Date;
  const store = await followed(t, edgeDouble(ending(3_600_000, now)));
  setClock(t, 7_200_000);
  await pass(t, 12_000, 500);
  assert.equal(invites(store), true);
  assert.equal(store.getSnapshot().status, "ready");
});

test("a_stream_that_says_nothing_any_more_is_opened_again", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(snapshot());
  await followed(t, edge);
  for (let beats = 0; beats < 5; beats += 1) {
    await pass(t, HEARTBEAT_MS, 500);
    beat(edge);
  }
  assert.deepEqual([edge.sources.length, edge.reads()], [1, 1]);
  // What was announced meanwhile went to nobody, so it is read.
  await pass(t, 3 * HEARTBEAT_MS, 500);
  assert.deepEqual([edge.sources.length, edge.reads(), open(edge).length], [2, 2, 1]);
  await pass(t, 3 * HEARTBEAT_MS, 500);
  assert.deepEqual([edge.sources.length, edge.reads(), open(edge).length], [3, 3, 1]);
});

test("an_edge_that_beats_in_comments_is_left_alone", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(snapshot());
  await followed(t, edge);
  edge.sources[0].announce(1);
  await pass(t, 20 * HEARTBEAT_MS, 500);
  assert.deepEqual([edge.sources.length, edge.reads()], [1, 1]);
});

test("who_left_waits_for_no_beat", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(snapshot());
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await pass(t, 20);
  beat(edge);
  leave();
  await pass(t, 10 * HEARTBEAT_MS, 500);
  assert.deepEqual([edge.sources.length, open(edge).length], [1, 0]);
});

test("a_store_that_nobody_follows_allows_nothing", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(ending(86_400_000));
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await pass(t, 20);
  assert.equal(invites(store), true);
  leave();
  await pass(t, 10);
  assert.equal(invites(store), false);

  // Whoever comes next may be somebody else: nothing is allowed to them, either, before it is read.
  let answer;
  edge.answer = () => new Promise((resolve) => (answer = resolve));
  t.after(store.subscribe(() => {}));
  assert.deepEqual([store.getSnapshot().status, invites(store)], ["loading", false]);
  answer(ending(86_400_000)());
  await pass(t, 20);
  assert.equal(invites(store), true);
});

test("what_a_read_of_before_brings_is_not_for_who_follows_next", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(ending(86_400_000));
  const reads = [];
  edge.answer = () => new Promise((resolve) => reads.push(resolve));
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await pass(t, 20);
  leave();
  await pass(t, 10);
  t.after(store.subscribe(() => {}));
  reads[0](ending(86_400_000)());
  await pass(t, 20);
  assert.deepEqual([store.getSnapshot().status, invites(store)], ["loading", false]);
  reads[1](ending(86_400_000)());
  await pass(t, 20);
  assert.equal(invites(store), true);
});

test("who_comes_back_at_once_sees_what_was_there", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(ending(86_400_000));
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await pass(t, 20);
  // As React's strict mode does.
  leave();
  t.after(store.subscribe(() => {}));
  await pass(t, 20);
  assert.deepEqual([invites(store), edge.sources.length, edge.reads()], [true, 1, 1]);
});

test("what_is_read_for_nobody_counts_for_nobody", async (t) => {
  t.mock.timers.enable(clock);
  const store = connect({ organization, wasm, ...edgeDouble(ending(86_400_000)), baseUrl: "http://edge" });
  await store.refresh();
  assert.deepEqual([store.getSnapshot().status, invites(store)], ["loading", false]);
});

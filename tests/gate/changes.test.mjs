// What a connection makes of many changes in a row: thousands of pages hear of each.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect } from "@lockstep/gate";

import { edgeDouble, follow, pass } from "./double.mjs";
import { organization, snapshot, wasm } from "./world.mjs";

const clock = { apis: ["setTimeout", "Date"] };
const at = (epoch, role = "member") => snapshot({ grants: [[role, organization]], epoch });
const invites = (store) => store.getSnapshot().gate.can("invite");

/** A store that has read, and its edge. */
async function followed(t) {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(at(1));
  const store = follow(t, edge);
  await pass(t, 20);
  assert.equal(store.getSnapshot().status, "ready");
  return { edge, store };
}

test("the_first_change_is_read_at_once_and_each_is_within_a_second", async (t) => {
  const { edge, store } = await followed(t);
  edge.answer = at(2, "admin");
  edge.sources[0].announce(2);
  await pass(t, 10);
  assert.deepEqual([edge.reads(), invites(store)], [2, true]);
  edge.answer = at(3);
  edge.sources[0].announce(3);
  await pass(t, 1_000);
  assert.deepEqual([edge.reads(), invites(store)], [3, false]);
  // After a while without any, one is read at once again.
  await pass(t, 2_000, 50);
  edge.answer = at(4, "admin");
  edge.sources[0].announce(4);
  await pass(t, 10);
  assert.deepEqual([edge.reads(), invites(store)], [4, true]);
});

test("changes_in_a_row_are_read_together", async (t) => {
  const { edge, store } = await followed(t);
  const told = [];
  t.after(store.subscribe(() => told.push(store.getSnapshot().epoch)));
  const before = edge.reads();
  for (let epoch = 2; epoch <= 1_000; epoch += 1) {
    edge.answer = at(epoch, epoch === 1_000 ? "admin" : "member");
    edge.sources[0].announce(epoch);
    await pass(t, 10);
  }
  await pass(t, 1_000);
  const reads = edge.reads() - before;
  // In ten seconds, a quarter to three quarters of one apart; and a page that tells of each has lists that are read at each.
  assert.ok(reads >= 13 && reads <= 41, `${reads} reads`);
  assert.ok(new Set(told).size <= 42, `${new Set(told).size} epochs`);
  assert.deepEqual([invites(store), store.getSnapshot().epoch], [true, 1_000]);
  await pass(t, 10_000, 50);
  assert.equal(edge.reads() - before, reads);
});

test("pages_that_heard_of_the_same_change_do_not_read_the_next_ones_together", async (t) => {
  t.mock.timers.enable(clock);
  const reads = [];
  const pages = Array.from({ length: 100 }, () => {
    const edge = edgeDouble(at(1));
    follow(t, edge);
    return edge;
  });
  await pass(t, 20);
  const announce = (epoch) => {
    for (const edge of pages) {
      edge.answer = at(epoch);
      edge.sources[0].announce(epoch);
    }
  };
  const all = () => pages.reduce((sum, edge) => sum + edge.reads(), 0);
  let before = all();
  announce(2);
  announce(3);
  for (let moment = 0; moment < 20; moment += 1) {
    await pass(t, 50);
    reads.push(all() - before);
    before = all();
  }
  assert.equal(reads[0], 100);
  assert.equal(reads.slice(1).reduce((sum, count) => sum + count), 100);
  assert.ok(Math.max(...reads.slice(1)) < 40, `${reads}`);
});

test("what_was_announced_to_whoever_left_is_read_for_nobody", async (t) => {
  t.mock.timers.enable(clock);
  const edge = edgeDouble(at(1));
  const store = connect({ organization, wasm, ...edge, baseUrl: "http://edge" });
  const leave = store.subscribe(() => {});
  await pass(t, 20);
  edge.sources[0].announce(2);
  edge.sources[0].announce(3);
  leave();
  await pass(t, 10);
  const reads = edge.reads();
  await pass(t, 2_000, 50);
  assert.equal(edge.reads(), reads);
  // Whoever follows next hears of changes at once again.
  edge.answer = at(4);
  t.after(store.subscribe(() => {}));
  await pass(t, 20);
  edge.answer = at(5, "admin");
  edge.sources.at(-1).announce(5);
  await pass(t, 10);
  assert.equal(invites(store), true);
});

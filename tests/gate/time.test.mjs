// What a connection makes of time: rights that end, machines that sleep.

import assert from "node:assert/strict";
import { beforeEach, test } from "node:test";

import { edgeDouble, follow, pass } from "./double.mjs";
import { organization, snapshot } from "./world.mjs";

const member = ["member", organization];
const HEARTBEAT_MS = 15_000;

beforeEach((t) => t.mock.timers.enable({ apis: ["setTimeout", "Date"], now: 1_000_000 }));

/** A snapshot in which the right to invite ends after so long. */
function ending(ms) {
  const grant = { role: "admin", node: organization, expires_at_ms: Date.now() + ms };
  return snapshot({ grants: [grant, member], server_time_ms: Date.now() });
}

const invites = (store) => store.getSnapshot().gate.can("invite");

/** The store with what it has read. */
async function followed(t, edge) {
  const store = follow(t, edge);
  await pass(t, 20);
  assert.equal(store.getSnapshot().status, "ready");
  return store;
}

test("a_grant_that_ends_gives_another_gate", async (t) => {
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
  const store = await followed(t, edgeDouble(ending(2_592_000_000)));
  await pass(t, 2_592_000_000, 3_600_000);
  assert.equal(invites(store), false);
});

test("a_machine_that_slept_shows_soon_what_has_ended", async (t) => {
  const store = await followed(t, edgeDouble(ending(3_600_000)));
  // Its timers stood still meanwhile.
  const { now } = Date;
  t.mock.method(Date, "now", () => now() + 7_200_000);
  await pass(t, HEARTBEAT_MS, 500);
  assert.equal(invites(store), false);
});

// The evaluator holds one gate's documents at a time: many gates must not notice.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createGate } from "@lockstep/gate";

import { binary, compiled } from "../support/policy.mjs";
import { edgeDouble, follow, ready, until } from "./double.mjs";
import { document, organization, policy, snapshot, wasm } from "./world.mjs";

const nowMs = 1_000_000;
const grants = [["admin", organization]];

/** The evaluator's memory, and whether it stops after what it is asked next, or for good. */
let memory;
let stops = false;
let dies = false;
let instances = 0;
const { Instance } = WebAssembly;
WebAssembly.Instance = function (...args) {
  const { exports } = new Instance(...args);
  memory = exports.memory;
  instances += 1;
  let isDead = false;
  const evaluator_ask = (...asked) => {
    isDead ||= dies;
    if (isDead) throw new Error("recursive use of an object");
    const at = exports.evaluator_ask(...asked);
    if (stops) throw new Error("stopped");
    return at;
  };
  return { exports: { ...exports, evaluator_ask } };
};

function gateOf(snapshot, options = {}) {
  return createGate({ policy, snapshot, wasm, nowMs, ...options });
}

/** The same policy, in which the creator may be removed and nobody else. */
const other = await compiled({
  ...document,
  id: "other",
  permissions: document.permissions.map((permission) =>
    permission.id === "remove"
      ? { ...permission, guard: [{ fact: "target.creator", equals: true }] }
      : permission,
  ),
});

test("each_gate_is_answered_from_its_own_documents", async () => {
  const admin = await gateOf(snapshot({ grants }));
  const member = await gateOf(snapshot());
  const reversed = await gateOf(
    snapshot({ grants, policy: { id: other.id, digest: other.gate.digest } }),
    { policy: other },
  );
  const refused = await gateOf(snapshot(), { policy: other });
  const late = await gateOf(snapshot({ grants: [{ role: "admin", node: organization, expires_at_ms: nowMs }] }));
  const all = [admin, member, reversed, refused, late];
  const codes = (facts) => all.map((gate) => gate.explain("remove", organization, facts).reasons[0].code);
  for (let round = 0; round < 3; round += 1) {
    for (const creator of [true, false]) {
      const facts = { "target.creator": creator };
      const expected = [!creator, false, creator, false, false];
      assert.deepEqual(all.map((gate) => gate.can("remove", organization, facts)), expected);
      const masks = all.map((gate) => gate.masks([{ facts }, {}]));
      assert.deepEqual(masks.map((mask) => mask.can("remove", 0)), expected);
      const failed = (fails) => (fails ? "guard-failed" : "granted");
      assert.deepEqual(codes(facts), [
        failed(creator),
        creator ? "guard-failed" : "no-grant",
        failed(!creator),
        "snapshot-other-policy",
        "no-membership",
      ]);
    }
    assert.deepEqual(all.map((gate) => gate.actions()), [
      ["read", "invite", "leave"],
      ["read", "leave"],
      ["read", "invite", "leave"],
      [],
      [],
    ]);
  }
});

test("a_snapshot_that_the_page_changes_later_stays_what_it_was", async () => {
  const [bytes] = await binary(document, [snapshot({ grants })]);
  const gate = await gateOf(bytes);
  await gateOf(snapshot());
  bytes.fill(0);
  assert.equal(gate.explain("invite").decision, true);
  assert.equal(gate.at(nowMs).can("invite"), true);
});

test("memory_does_not_grow_with_gates", async () => {
  await gateOf(snapshot());
  const before = memory.buffer.byteLength;
  for (let made = 0; made < 2_000; made += 1) {
    assert.equal((await gateOf(snapshot({ grants }))).can("invite"), true);
  }
  assert.equal(memory.buffer.byteLength, before);
});

test("what_stops_halfway_answers_nobody_from_anothers_documents", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const member = await gateOf(snapshot());
  const facts = { "target.creator": false };
  assert.equal(member.can("remove", organization, facts), false);
  stops = true;
  await assert.rejects(gateOf(snapshot({ grants })), /stopped/);
  assert.equal(member.can("remove", organization, facts), false);
  assert.equal(member.explain("read").reasons[0].code, "gate-broken");
  stops = false;
  assert.equal(member.can("remove", organization, facts), false);
  assert.equal(member.explain("remove", organization, facts).decision, false);
  assert.equal(member.explain("read").reasons[0].code, "granted");
  assert.ok(report.mock.callCount() > 0);
});

test("an_evaluator_that_stops_while_the_clock_is_read_leaves_nothing_allowed", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const grant = { role: "admin", node: organization, expires_at_ms: nowMs + 500 };
  const gate = await gateOf(snapshot({ grants: [grant] }));
  const [invite] = [gate.permission("invite")];
  const facts = { "target.creator": false };
  const allowed = (gate) => [
    gate.can("invite"),
    gate.can("remove", organization, facts),
    gate.check(invite, 0),
    gate.mask().can("invite"),
    gate.masks([{ facts }]).can("remove", 0),
    gate.actions().length > 0,
    gate.resources("invite", "organization").length > 0,
    gate.explain("invite").decision,
  ];
  assert.deepEqual(allowed(gate), Array(8).fill(true));
  stops = true;
  t.after(() => (stops = false));
  const later = gate.at(nowMs + 1);
  for (const again of [true, false]) {
    stops = again;
    assert.deepEqual(allowed(later), Array(8).fill(false));
    assert.equal(later.status, "gate-broken");
    assert.equal(later.explain("invite").reasons[0].code, "gate-broken");
    assert.equal(later.statusText, later.explain("invite").reasons[0].text);
    assert.equal(later.changesAtMs, Number.POSITIVE_INFINITY);
  }
  const again = gate.at(nowMs + 1);
  assert.equal(again.status, "ready");
  assert.equal(again.statusText, "");
  assert.deepEqual(allowed(again), Array(8).fill(true));
  assert.ok(report.mock.callCount() > 0);
});

test("a_grant_ends_in_a_page_whose_evaluator_has_stopped", async (t) => {
  t.mock.method(console, "error", () => {});
  const server_time_ms = Date.now();
  const grant = { role: "admin", node: organization, expires_at_ms: server_time_ms + 300 };
  const edge = edgeDouble(snapshot({ grants: [grant, ["member", organization]], server_time_ms }));
  const store = follow(t, edge);
  assert.equal((await ready(store)).gate.can("invite"), true);
  let answer;
  edge.answer = () => new Promise((resolve) => (answer = resolve));
  stops = true;
  t.after(() => (stops = false));
  const now = await until(store, ({ status }) => status !== "ready", "not ended");
  assert.equal(now.status, "gate-broken");
  assert.notEqual(now.statusText, "");
  assert.equal(now.gate.can("invite"), false);
  assert.equal(now.gate.can("read"), false);
  stops = false;
  // Nobody calls refresh: the connection reads again by itself.
  answer(Response.json(snapshot()));
  assert.equal((await ready(store)).gate.can("read"), true);
});

test("an_evaluator_that_stopped_for_good_is_made_anew", async (t) => {
  t.mock.method(console, "error", () => {});
  const store = follow(t, edgeDouble(snapshot({ grants })));
  const before = await ready(store);
  dies = true;
  assert.equal(before.gate.explain("invite").reasons[0].code, "gate-broken");
  dies = false;
  // It answers nothing any more, so the next gate is another one's, which is handed the same policy.
  await store.refresh();
  const { status, gate } = store.getSnapshot();
  assert.equal(status, "ready");
  assert.equal(gate.explain("invite").decision, true);
  assert.equal(gate.can("remove", organization, { "target.creator": false }), true);
  // What the dead one is asked later does not take the other one away.
  assert.equal(before.gate.explain("invite").reasons[0].code, "gate-broken");
  const count = instances;
  assert.equal((await gateOf(snapshot({ grants }))).can("invite"), true);
  assert.equal(instances, count);
});

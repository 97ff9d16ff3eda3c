// Every action at once, numbers in place of names, and search.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, createGate } from "@lockstep/gate";

import { organization, policy, snapshot, wasm } from "./world.mjs";

const admin = { grants: [["admin", organization], ["writer", "prj_a"]] };

function gateOf(held, options = {}) {
  return createGate({ policy, snapshot: snapshot(held), wasm, nowMs: 1_000_000, ...options });
}

test("a_mask_has_every_action_on_one_node", async () => {
  const gate = await gateOf(admin);
  const mask = gate.mask("prj_a");
  assert.equal(mask.can("write"), true);
  assert.equal(mask.can("invite"), true);
  assert.equal(gate.mask().can("write"), false);
  assert.deepEqual(gate.actions(), ["read", "invite", "leave"]);
  assert.deepEqual(gate.actions("prj_a"), ["read", "invite", "leave", "write"]);
  assert.deepEqual([...mask.bytes], [1, 1, 0, 1, 1]);
});

test("rows_are_answered_by_their_own_facts", async () => {
  const gate = await gateOf(admin);
  const masks = gate.masks([
    { facts: { "target.creator": false } },
    { facts: { "target.creator": true } },
    {},
    { node: "nowhere", facts: { "target.creator": false } },
    { node: "prj_b", facts: { "target.creator": false } },
    { facts: { "target.creator": "no" } },
  ]);
  const removes = [0, 1, 2, 3, 4, 5].map((row) => masks.can("remove", row));
  assert.deepEqual(removes, [true, false, false, false, true, false]);
  assert.deepEqual([0, 3, 4].map((row) => masks.can("read", row)), [true, false, true]);
  assert.equal(masks.row(4).can("remove"), true);
});

test("what_is_not_there_is_not_allowed", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const gate = await gateOf(admin);
  const masks = gate.masks([{}]);
  const [read] = [gate.permission("read")];
  for (const row of [-1, 1, 0.5, Number.NaN]) assert.equal(masks.can(read, row), false);
  for (const number of [-1, 5, 99, 0.5, Number.NaN]) {
    assert.equal(masks.can(number, 0), false);
    // In the table the next row begins there.
    assert.equal(gate.check(number, 0), false);
    assert.equal(gate.check(read, number), false);
  }
  assert.equal(masks.can("fly", 0), false);
  assert.equal(gate.permission("fly"), -1);
  assert.equal(gate.node("nowhere"), -1);
  assert.equal(gate.node(""), -1);
  assert.deepEqual(gate.resources("fly", "project"), []);
  assert.equal(report.mock.callCount(), 1);
});

test("numbers_ask_the_same_as_names", async () => {
  const gate = await gateOf(admin);
  for (const { id } of policy.permissions) {
    for (const node of [organization, "wsp_a", "prj_a", "prj_b"]) {
      assert.equal(gate.check(gate.permission(id), gate.node(node)), gate.can(id, node));
    }
  }
});

test("search_lists_where_something_is_allowed", async () => {
  const gate = await gateOf(admin);
  assert.deepEqual(gate.resources("write", "project"), ["prj_a"]);
  assert.deepEqual(gate.resources("read", "project"), ["prj_a", "prj_b"]);
  assert.deepEqual(gate.resources("read", "workspace"), ["wsp_a"]);
  // It depends on facts that nobody stated.
  assert.deepEqual(gate.resources("remove", "organization"), []);
});

test("masks_and_numbers_survive_memory_that_grows", async () => {
  const gate = await gateOf(admin);
  const [invite, read] = [gate.permission("invite"), gate.permission("read")];
  const kept = gate.masks([{}]);
  const nodes = Array.from({ length: 20_000 }, (_, at) => ({
    id: `prj_${at}_${"x".repeat(100)}`,
    level: "project",
    parent: organization,
  }));
  const level = "organization";
  const big = await gateOf({ nodes: [{ id: organization, level }, ...nodes] });
  assert.equal(gate.check(invite, 0), true);
  assert.equal(gate.mask().can(invite), true);
  assert.deepEqual(gate.resources("write", "project"), ["prj_a"]);
  assert.equal(kept.can(invite, 0), true);
  assert.equal(big.check(read, 20_000), true);
  assert.equal(big.check(invite, 20_000), false);
  const rows = nodes.map(({ id }) => ({ node: id, facts: {} }));
  assert.equal(big.masks(rows).can(read, 19_999), true);
});

test("masks_follow_the_clock", async () => {
  const grant = { role: "admin", node: organization, expires_at_ms: 1_000_500 };
  const gate = await gateOf({ grants: [grant, ["member", organization]] });
  const [invite] = [gate.permission("invite")];
  assert.equal(gate.check(invite, 0), true);
  const later = gate.at(1_000_500);
  assert.equal(later.check(invite, 0), false);
  assert.equal(later.mask().can("invite"), false);
});

test("a_gate_that_refuses_has_no_rows", async () => {
  const loading = connect({ organization }).getServerSnapshot().gate;
  for (const gate of [loading, await gateOf({ format: 9 })]) {
    assert.deepEqual(gate.actions(), []);
    assert.deepEqual(gate.resources("read", "project"), []);
    assert.equal(gate.masks([{}]).can("read", 0), false);
    assert.equal(gate.mask().can(0), false);
    assert.equal(gate.check(0, 0), false);
  }
});

test("a_page_says_it_in_its_own_words", async () => {
  const gate = await gateOf(admin);
  const german = { granted: "Deine Rolle {role} in {node} erlaubt das.", "node.organization": "hier" };
  const told = (permission, facts) =>
    gate.explain(permission, undefined, facts, german).reasons[0].text;
  assert.equal(told("invite"), "Deine Rolle Admin in hier erlaubt das.");
  assert.equal(told("leave"), "Every member may do this.");
});

import assert from "node:assert/strict";
import { test } from "node:test";

import { createGate } from "@lockstep/gate";

import { compiled } from "../support/policy.mjs";
import { document, organization, policy, snapshot, wasm } from "./world.mjs";

const nowMs = 1_000_000;

function gateOf(snapshot, options = {}) {
  return createGate({ policy, snapshot, wasm, nowMs, ...options });
}

test("a_role_allows_what_it_holds_and_nothing_else", async () => {
  const gate = await gateOf(snapshot());
  assert.equal(gate.status, "ready");
  assert.equal(gate.can("read"), true);
  assert.equal(gate.can("invite"), false);
  assert.equal(gate.can("leave"), true);
});

test("documents_may_be_given_as_text", async () => {
  const gate = await createGate({
    policy: JSON.stringify(policy),
    snapshot: JSON.stringify(snapshot()),
    wasm,
    nowMs,
  });
  assert.equal(gate.can("read"), true);
  assert.equal(gate.can("invite"), false);
});

test("the_organization_is_the_node_that_is_left_out", async () => {
  const gate = await gateOf(snapshot());
  assert.equal(gate.can("read", organization), gate.can("read"));
  assert.deepEqual(gate.explain("read", organization), gate.explain("read"));
});

test("a_grant_counts_on_its_node_and_below_only", async () => {
  const gate = await gateOf(snapshot({ grants: [["member", organization], ["writer", "prj_a"]] }));
  assert.equal(gate.can("write", "prj_a"), true);
  assert.equal(gate.can("write", "prj_b"), false);
  assert.equal(gate.can("write", "prj_of_somebody_else"), false);
});

test("a_guard_asks_for_facts_and_a_missing_fact_denies", async () => {
  const gate = await gateOf(snapshot({ grants: [["admin", organization]] }));
  assert.equal(gate.can("remove"), false);
  assert.equal(gate.can("remove", undefined, { "target.creator": false }), true);
  assert.equal(gate.can("remove", undefined, { "target.creator": true }), false);
  assert.equal(gate.explain("remove").reasons[0].code, "fact-missing");
});

test("explain_gives_the_reason_in_words", async () => {
  const gate = await gateOf(snapshot());
  assert.equal(gate.explain("read").decision, true);
  const { decision, reasons } = gate.explain("invite");
  assert.equal(decision, false);
  assert.equal(reasons[0].code, "no-grant");
  assert.equal(reasons[0].text, "This needs the role Admin in this organization.");
});

test("can_and_explain_never_differ", async () => {
  const nodes = [undefined, organization, "wsp_a", "prj_a", "prj_b", "nowhere"];
  const facts = [undefined, { "target.creator": true }, { "target.creator": false }];
  for (const role of ["admin", "member"]) {
    const gate = await gateOf(snapshot({ grants: [[role, organization], ["writer", "prj_b"]] }));
    for (const { id } of policy.permissions) {
      for (const node of nodes) {
        for (const known of facts) {
          const message = `${role} ${id} ${node} ${JSON.stringify(known)}`;
          assert.equal(gate.can(id, node, known), gate.explain(id, node, known).decision, message);
        }
      }
    }
  }
});

test("what_is_no_node_and_what_are_no_facts_get_one_answer_however_it_is_asked", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const values = [null, 0.5, 2 ** 60, Number.NaN, ["x"], () => {}, { deep: { deeper: true } }];
  const facts = [
    ...values.flatMap((value) => [
      value,
      { "target.creator": value },
      { "resource.owner": value },
      { "target.creator": false, "resource.owner": value },
      { target: { creator: false, other: value } },
    ]),
    "target.creator",
    { "\ud800": false, "\ud801": false },
    { target: { creator: true }, "target.creator": false },
  ];
  for (const role of ["admin", "member"]) {
    const gate = await gateOf(snapshot({ grants: [[role, organization]] }));
    for (const node of [undefined, null, organization, "wsp_a", "null", "nowhere"]) {
      for (const known of facts) {
        const message = `${role} on ${node} with ${JSON.stringify(known)}`;
        const allowed = policy.permissions.map(({ id }) => id).filter((id) => gate.can(id, node, known));
        const explained = policy.permissions.filter(({ id }) => gate.explain(id, node, known).decision);
        assert.deepEqual(explained.map(({ id }) => id), allowed, message);
        assert.deepEqual(gate.actions(node, known), allowed, message);
        const masks = gate.masks([{ node, facts: known }]);
        const masked = policy.permissions.filter(({ id }) => masks.can(id, 0));
        assert.deepEqual(masked.map(({ id }) => id), allowed, message);
      }
    }
    // Nobody needs a fact to read.
    for (const known of facts) assert.equal(gate.explain("read", null, known).reasons[0].code, "granted");
  }
  assert.equal(report.mock.callCount(), 0);
});

test("a_fact_that_cannot_be_read_is_not_known_and_the_others_are", async () => {
  const gate = await gateOf(snapshot({ grants: [["admin", organization]] }));
  const code = (facts) => gate.explain("remove", undefined, facts).reasons[0].code;
  for (const value of [null, 0.5, ["x"], { creator: { deep: true } }]) {
    assert.equal(gate.can("remove", undefined, { "target.creator": false, "resource.owner": value }), true);
    assert.equal(code({ "target.creator": value }), "fact-missing");
    assert.equal(code({ target: value }), "fact-missing");
  }
  assert.equal(code({ target: { creator: false }, "target.creator": false }), "fact-missing", "stated twice");
});

test("a_group_with_a_fact_that_cannot_be_read_is_not_all_there_is", async () => {
  const guard = [{ fact: "resource.tags.env", not_equals: "prod", if_exists: true }];
  const read = { ...document.permissions[0], guard };
  const policy = await compiled({ ...document, permissions: [read, ...document.permissions.slice(1)] });
  const held = { ...snapshot(), policy: { id: policy.id, digest: policy.gate.digest } };
  const gate = await gateOf(held, { policy });
  const may = (facts) => gate.can("read", undefined, facts);
  assert.equal(may({ "resource.tags": {} }), true);
  assert.equal(may({ "resource.tags": { env: "dev", team: "a" } }), true);
  assert.equal(may({ "resource.tags": { env: undefined } }), true, "as JSON has it");
  for (const value of [null, 0.5, ["dev"], {}]) {
    assert.equal(may({ "resource.tags": { env: value } }), false);
    assert.equal(may({ "resource.tags": { team: value } }), false);
    assert.equal(may({ "resource.tags": { team: value, env: "dev" } }), true);
  }
  assert.equal(may({ "resource.tags": { env: "dev" }, "resource.tags.env": "dev" }), false, "stated twice");
});

test("an_unknown_permission_is_not_allowed_and_reported_once", async (t) => {
  const gate = await gateOf(snapshot());
  const report = t.mock.method(console, "error", () => {});
  assert.equal(gate.can("invent"), false);
  assert.equal(gate.can("invent"), false);
  assert.equal(gate.explain("invent").reasons[0].code, "unknown-permission");
  // A page has another gate for each snapshot.
  const next = await gateOf(snapshot({ epoch: 2 }));
  assert.equal(next.can("invent"), false);
  assert.equal(report.mock.callCount(), 1);
  assert.match(report.mock.calls[0].arguments[0], /`invent`/);
});

test("a_snapshot_under_another_policy_allows_nothing_and_says_so", async () => {
  const other = { ...snapshot(), policy: { id: "small", digest: "0".repeat(64) } };
  const gate = await gateOf(other);
  assert.equal(gate.status, "snapshot-other-policy");
  assert.notEqual(gate.statusText, "");
  assert.equal(gate.can("read"), false);
  assert.equal(gate.explain("read").decision, false);
  assert.equal(gate.explain("read").reasons[0].code, "snapshot-other-policy");
});

test("documents_that_cannot_be_read_allow_nothing", async (t) => {
  const report = t.mock.method(console, "error", () => {});
  const good = JSON.stringify(snapshot());
  const broken = ["", "null", "[]", "{", good.slice(0, -1), good.replace('"format":1', '"format":9')];
  for (const text of broken) {
    const gate = await gateOf(text);
    assert.notEqual(gate.status, "ready", text);
    assert.equal(gate.can("read"), false, text);
    assert.equal(gate.explain("read").decision, false, text);
  }
  const gate = await gateOf(snapshot(), { policy: "{}" });
  assert.equal(gate.status, "policy-unreadable");
  assert.equal(gate.can("read"), false);
  // One report would be right for an unknown permission; here nothing is known at all.
  assert.equal(report.mock.callCount(), 0);
});

test("a_grant_ends_in_the_gate_of_a_later_time", async () => {
  const grant = { role: "admin", node: organization, expires_at_ms: nowMs + 500 };
  const gate = await gateOf(snapshot({ grants: [grant] }));
  assert.equal(gate.can("invite"), true);
  assert.equal(gate.changesAtMs, nowMs + 500);
  const later = gate.at(nowMs + 500);
  assert.equal(later.can("invite"), false);
  assert.equal(later.changesAtMs, Number.POSITIVE_INFINITY);
});

test("answers_stay_right_when_the_memory_grows", async () => {
  const gate = await gateOf(snapshot({ grants: [["admin", organization]] }));
  assert.equal(gate.can("invite"), true);
  // Many nodes with long ids: more than the memory had when the first gate was made.
  const nodes = Array.from({ length: 20_000 }, (_, at) => ({
    id: `prj_${at}_${"x".repeat(100)}`,
    level: "project",
    parent: organization,
  }));
  const big = await gateOf(
    snapshot({ nodes: [{ id: organization, level: "organization" }, ...nodes] }),
  );
  assert.equal(big.can("read", nodes.at(-1).id), true);
  assert.equal(big.can("invite", nodes.at(-1).id), false);
  assert.equal(gate.can("invite"), true);
  assert.equal(gate.can("write"), false);
});

test("two_gates_for_two_people_do_not_mix", async () => {
  const admin = await gateOf(snapshot({ grants: [["admin", organization]] }));
  const member = await gateOf(snapshot());
  for (let round = 0; round < 3; round += 1) {
    assert.equal(admin.can("invite"), true);
    assert.equal(member.can("invite"), false);
  }
});

test("facts_that_ask_a_gate_themselves_spoil_no_question", async (t) => {
  t.mock.method(console, "error", () => {});
  const gate = await gateOf(snapshot({ grants: [["admin", organization]] }));
  let asked = 0;
  const facts = {
    get "target.creator"() {
      asked += 1;
      return !gate.can("remove", undefined, { "target.creator": false });
    },
    other: "x".repeat(300),
  };
  assert.equal(gate.can("remove", undefined, facts), true);
  assert.equal(gate.explain("remove", undefined, facts).decision, true);
  assert.equal(gate.masks([{ facts: { "target.creator": true } }, { facts }]).can("remove", 1), true);
  assert.ok(asked > 2);
  // One that throws leaves nothing behind.
  for (let round = 0; round < 3; round += 1) {
    const thrower = { get other() { throw new Error("of the page's own"); } };
    assert.equal(gate.can("remove", undefined, thrower), false);
    assert.equal(gate.can("remove", undefined, { "target.creator": false }), true);
  }
});

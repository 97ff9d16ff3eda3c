// Snapshots in their binary form, as the page loads them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, createGate } from "@lockstep/gate";

import { binary, bothForms, compiled } from "../support/policy.mjs";
import { flatSnapshot } from "../../www/packages/gate/dist/flat.js";
import { document, organization, policy, snapshot, wasm } from "./world.mjs";

const grants = [["admin", organization]];
const [bytes, later] = await binary(document, [
  snapshot({ grants, epoch: 7 }),
  snapshot({ epoch: 8, server_time_ms: 2_000_000 }),
]);

function gateOf(snapshot) {
  return createGate({ policy, snapshot, wasm, nowMs: 1_000_000 });
}

test("a_binary_snapshot_is_read_without_parsing", async () => {
  const gate = await gateOf(bytes);
  assert.equal(gate.status, "ready");
  assert.equal(gate.epoch, 7);
  assert.equal(gate.serverTimeMs, 1_000_000);
  assert.equal(gate.can("invite"), true);
  assert.equal(gate.can("write", "prj_a"), false);
});

test("json_is_handed_over_as_the_evaluator_writes_it", async () => {
  const when = [
    { fact: "a", equals: true },
    { fact: "a", not_equals: -3 },
    { fact: "a", equals: "é" },
    { fact: "a", at_least: -(2 ** 53 - 1), if_exists: true },
    { fact: "a", at_most: 2 ** 53 - 1 },
    { fact: "a", equals_ignore_case: "X" },
    { fact: "a", not_equals_ignore_case: "X" },
    { fact: "a", equals_fact: "b" },
    { fact: "a", not_equals_fact: "b" },
    { fact: "a", at_least_fact: "b" },
    { fact: "a", at_most_fact: "b", if_exists: true },
    { fact: "a", in: ["x", "y"] },
    { fact: "a", not_in: [] },
    { fact: "a", matches: "x*" },
    { fact: "a", not_matches: "x".repeat(300) },
  ];
  const level = "project";
  const full = snapshot({
    format: 3,
    kind: "service-account",
    epoch: 2 ** 53 - 1,
    plan: ["extra"],
    roles: [{ id: "own", name: "Own é", base: "writer", with: ["read"], without: ["write"] }],
    rules: [{ id: "r", effect: "deny", roles: ["own"], permissions: ["*"], when, because: "No." }],
    nodes: [
      { id: organization, level: "organization" },
      { id: "wsp_é", level: "workspace", parent: organization, owned: true },
      ...Array.from({ length: 200 }, (_, at) => ({ id: `prj_${at}`, level, parent: at % 2 ? "wsp_é" : organization })),
      { ids: Array.from({ length: 200 }, (_, at) => `é${at}`), level, parent: "wsp_é" },
    ],
    grants: [
      { role: "own", node: "wsp_é", group: "g", not_before_ms: 0, expires_at_ms: 2 ** 42 },
      { role: "gone", node: "nowhere" },
    ],
    token: { permissions: ["read", "gone"], node: "wsp_é", expires_at_ms: 7 },
  });
  const all = [full, snapshot(), snapshot({ token: { permissions: [] } })];
  const forms = await bothForms(document, all);
  assert.equal(forms.length, all.length);
  forms.forEach(({ flat }, at) => assert.deepEqual(flatSnapshot(all[at]), flat));
});

test("json_that_is_no_snapshot_is_refused", async () => {
  const [root, ...nodes] = snapshot().nodes;
  const [remove] = [{ id: "r", effect: "deny", permissions: ["read"] }];
  const changes = [
    { epoch: -1 },
    { epoch: 1.5 },
    { organization: "org_b" },
    { principal: undefined },
    { kind: "robot" },
    { plan: "all" },
    { nodes: undefined },
    { nodes: [] },
    { nodes: [root, { id: 7, level: "workspace", parent: organization }] },
    { nodes: [root, { id: "wsp_a", level: "team", parent: organization }] },
    { nodes: [root, { id: "wsp_a", level: "workspace" }] },
    { nodes: [root, { id: "wsp_a", level: "workspace", parent: "nowhere" }] },
    { nodes: [root, { id: "prj_a", level: "project", parent: "wsp_a" }, nodes[0]] },
    { nodes: [{ ...root, parent: organization }, ...nodes] },
    { nodes: [root, root] },
    { nodes: [root, { ids: ["wsp_a", "wsp_a"], level: "workspace", parent: organization }] },
    { nodes: [root, { ids: "wsp_a", level: "workspace", parent: organization }] },
    { nodes: [root, { ids: [7], level: "workspace", parent: organization }] },
    { nodes: [root, { ids: ["wsp_a"], owned: true, level: "workspace", parent: organization }] },
    { nodes: [root, { id: "wsp_a", ids: ["wsp_a"], level: "workspace", parent: organization }] },
    { nodes: [{ ids: [organization, "org_b"], level: "organization" }] },
    { nodes: [root, ...nodes, { id: "prj_c", level: "project", parent: "prj_a" }] },
    { grants: { role: "admin" } },
    { grants: [{ role: "admin" }] },
    { grants: [{ role: "admin", node: organization, expires_at_ms: "soon" }] },
    { token: { permissions: "read" } },
    { rules: [{ ...remove, effect: "maybe" }] },
    // None of these is a rule for everybody, or one that holds always.
    { rules: [{ ...remove, effect: "allow", roles: [] }] },
    { rules: [{ ...remove, roles: null }] },
    { rules: [{ ...remove, role: ["admin"] }] },
    { rules: [{ ...remove, when: null }] },
    { rules: null },
    { grants: undefined },
    { roles: [{ id: "own", name: "Own", base: "writer", without: null }] },
    { rules: [{ ...remove, when: [{ fact: "a", not_in: null }] }] },
    { rules: [{ ...remove, because: null }] },
    { rules: [{ ...remove, permissions: undefined }] },
    { rules: [{ ...remove, when: [{ fact: "a", equals: 1, unless: 2 }] }] },
    { rules: [{ ...remove, when: [{ fact: "a", equals: 1, unless: null }] }] },
    { rules: [{ ...remove, when: [{ fact: "a", equals: 1, if_exists: "yes" }] }] },
    { rules: [{ ...remove, when: [{ fact: "a", equals: 1, if_exists: null }] }] },
    { rules: [{ ...remove, when: [{ fact: "a" }] }] },
    { rules: [{ ...remove, when: [{ fact: "a", equals: 1, not_equals: 2 }] }] },
    { rules: [{ ...remove, when: [{ fact: "a", equals: 0.5 }] }] },
    { rules: [{ ...remove, when: [{ fact: "a", at_least: "1" }] }] },
  ];
  assert.equal((await gateOf(snapshot({ rules: [remove] }))).status, "ready");
  for (const change of changes) {
    const gate = await gateOf({ ...snapshot(), ...change });
    assert.equal(gate.status, "snapshot-unreadable", JSON.stringify(change));
    assert.equal(gate.can("leave"), false);
  }
});

test("a_damaged_snapshot_denies_everything", async () => {
  const statuses = new Set();
  for (let at = 0; at < bytes.length; at += 1) {
    const damaged = bytes.slice();
    damaged[at] ^= 0x20;
    const gates = [await gateOf(damaged), await gateOf(bytes.slice(0, at))];
    for (const gate of gates) {
      assert.notEqual(gate.status, "ready");
      assert.equal(gate.can("read"), false);
      statuses.add(gate.status);
    }
  }
  assert.deepEqual([...statuses].sort(), ["snapshot-other-format", "snapshot-unreadable"]);
});

test("a_snapshot_of_another_policy_denies_everything", async () => {
  const [other] = await binary({ ...document, name: "Other" }, [
    snapshot({ grants, policy: { id: "small", digest: await digestOf("Other") } }),
  ]);
  const gate = await gateOf(other);
  assert.equal(gate.status, "snapshot-other-policy");
  assert.equal(gate.can("invite"), false);
});

test("a_connection_asks_for_bytes_and_follows_them", async (t) => {
  const asked = [];
  const answers = [bytes, later];
  const fetch = async (url, { headers }) => {
    if (url.endsWith("/v1/policy")) return Response.json(policy);
    asked.push(headers.Accept);
    const type = "application/vnd.lockstep.snapshot";
    return new Response(answers[asked.length - 1], { headers: { "content-type": type } });
  };
  const store = connect({ organization, wasm, fetch, eventSource: () => new Source() });
  t.after(store.subscribe(() => {}));
  await store.refresh();
  const { status, gate } = store.getSnapshot();
  assert.equal(status, "ready");
  assert.equal(gate.epoch, 8);
  assert.equal(gate.can("invite"), false);
  assert.deepEqual(asked, Array(2).fill("application/vnd.lockstep.snapshot"));
});

class Source extends EventTarget {
  close() {}
}

async function digestOf(name) {
  return (await compiled({ ...document, name })).gate.digest;
}

// Snapshots in their binary form, as the page loads them.

import assert from "node:assert/strict";
import { test } from "node:test";

import { connect, createGate } from "@lockstep/gate";

import { binary, compiled } from "../support/policy.mjs";
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

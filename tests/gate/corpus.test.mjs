// The decision corpus in the browser's WASM: every case through `explain` and through `can`.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createGate } from "@lockstep/gate";

import { answer, directoryFacts, grantsOf, organization, principalOf, title, worlds } from "../support/corpus.mjs";
import { shipped } from "../support/policy.mjs";
import { wasm } from "./world.mjs";

const all = await worlds();
const policies = new Map();
// One after the other, since cargo lets only one build at a time.
for (const id of new Set(all.map((world) => world.policy))) {
  policies.set(id, await shipped(id));
}

for (const world of all) {
  test(`${world.file}: ${world.about}`, async () => {
    for (const asked of world.cases) {
      const gate = await gateOf(world, asked);
      assert.equal(gate.status, "ready", gate.statusText);
      const facts = factsOf(world, asked);
      const decision = gate.explain(asked.permission, asked.node, facts);
      assert.equal(answer(decision), asked.expect, title(asked, world));
      // What a button asks is the same answer.
      const can = gate.can(asked.permission, asked.node, facts);
      assert.equal(can, decision.decision, title(asked, world));
    }
  });
}

function gateOf(world, { principal, now_ms }) {
  const { kind, token } = principalOf(world, principal);
  const policy = policies.get(world.policy);
  const nodes = world.nodes.map(({ owner, parent = organization, ...node }) => ({
    ...node,
    parent,
    owned: owner === principal,
  }));
  const { features = [], replace = {} } = policy.plan ?? {};
  const snapshot = {
    format: 2,
    policy: { id: world.policy, digest: policy.gate.digest },
    organization,
    principal,
    epoch: 1,
    server_time_ms: now_ms,
    kind: kind ?? "user",
    // Everything, but what takes roles away.
    plan: world.plan ?? features.filter((feature) => !(feature in replace)),
    roles: world.roles ?? [],
    rules: world.rules ?? [],
    nodes: [{ id: organization, level: "organization" }, ...nodes],
    grants: grantsOf(world, principal),
    token: token ?? null,
  };
  return createGate({ policy, snapshot, wasm, nowMs: now_ms });
}

/** What the directory states about who asks and about the case's target, and before it what the case does. */
function factsOf(world, asked) {
  const { principal, target, facts } = asked;
  const known = directoryFacts(world, asked, policies.get(world.policy));
  if (target === undefined) return { ...known, ...facts };
  const grant = principalOf(world, target).grants.find(({ node }) => node === organization);
  return {
    ...known,
    "target.role": grant?.role ?? "",
    "target.self": target === principal,
    "target.creator": target === world.principals[0].name,
    ...facts,
  };
}

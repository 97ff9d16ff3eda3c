// The decision corpus in the browser's WASM, from both forms of each snapshot: every case through
// `explain`, word for word as native code decides it, and through `can`, and every cell of its page through
// whatever else there is to ask with.

import assert from "node:assert/strict";
import { test } from "node:test";

import { createGate } from "@lockstep/gate";

import { answer, directoryFacts, grantsOf, organization, principalOf, title, worlds } from "../support/corpus.mjs";
import { binary, decisions, shipped } from "../support/policy.mjs";
import { wasm } from "./world.mjs";

const all = await worlds();
const policies = new Map();
const binaries = new Map();
// One after the other, since cargo lets only one build at a time.
for (const id of new Set(all.map((world) => world.policy))) {
  policies.set(id, await shipped(id));
  const asked = all
    .filter((world) => world.policy === id)
    .flatMap((world) => world.cases.map((asked) => ({ asked, snapshot: snapshotOf(world, asked) })));
  const forms = await binary(id, asked.map(({ snapshot }) => snapshot));
  asked.forEach(({ asked }, at) => binaries.set(asked, forms[at]));
}
const native = await decisions(all.map(({ file }) => file));

for (const [at, world] of all.entries()) {
  test(`${world.file}: ${world.about}`, async () => {
    const policy = policies.get(world.policy);
    assert.equal(native[at].length, world.cases.length);
    for (const [question, asked] of world.cases.entries()) {
      const facts = factsOf(world, asked);
      for (const snapshot of [snapshotOf(world, asked), binaries.get(asked)]) {
        const gate = await createGate({ policy, snapshot, wasm, nowMs: asked.now_ms });
        assert.equal(gate.status, "ready", gate.statusText);
        const decision = gate.explain(asked.permission, asked.node, facts);
        assert.equal(answer(decision), asked.expect, title(asked, world));
        assert.deepEqual(decision, native[at][question], title(asked, world));
        // What a button asks is the same answer.
        const can = gate.can(asked.permission, asked.node, facts);
        assert.equal(can, decision.decision, title(asked, world));
        everyCellHasOneAnswer(gate, policy, [organization, ...world.nodes.map(({ id }) => id)], facts);
      }
    }
  });
}

function everyCellHasOneAnswer(gate, policy, nodes, facts) {
  const permissions = policy.permissions.map(({ id }) => id);
  const rows = nodes.flatMap((node) => [{ node }, { node, facts }]);
  const masks = gate.masks(rows);
  rows.forEach(({ node, facts: stated }, row) => {
    const allowed = permissions.filter((id) => gate.can(id, node, stated));
    assert.deepEqual(gate.actions(node, stated), allowed);
    const mask = gate.mask(node, stated);
    for (const id of permissions) {
      const can = allowed.includes(id);
      assert.equal(masks.can(id, row), can, `${id} on ${node}`);
      assert.equal(mask.can(gate.permission(id)), can, `${id} on ${node}`);
      if (stated === undefined) {
        assert.equal(gate.check(gate.permission(id), gate.node(node)), can, `${id} on ${node}`);
      }
    }
  });
  const levels = ["organization", "workspace", "project"];
  for (const id of permissions) {
    const found = levels.flatMap((level) => gate.resources(id, level));
    assert.deepEqual(found.sort(), nodes.filter((node) => gate.can(id, node)).sort(), id);
  }
}

function snapshotOf(world, { principal, now_ms }) {
  const { kind, token } = principalOf(world, principal);
  const policy = policies.get(world.policy);
  const nodes = world.nodes.map(({ owner, parent = organization, ...node }) => ({
    ...node,
    parent,
    owned: owner === principal,
  }));
  const { features = [], replace = {} } = policy.plan ?? {};
  return {
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

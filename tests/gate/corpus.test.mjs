// The decision corpus in the browser's WASM: every case through `explain` and through `can`.

import assert from "node:assert/strict";
import { execFile } from "node:child_process";
import { createHash } from "node:crypto";
import { test } from "node:test";
import { promisify } from "node:util";

import { createGate } from "@lockstep/gate";

import { answer, organization, principalOf, title, worlds } from "../support/corpus.mjs";
import { root } from "../support/edge.mjs";
import { wasm } from "./world.mjs";

const all = await worlds();
const policies = await compiled([...new Set(all.map((world) => world.policy))]);

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
  const { grants, token } = principalOf(world, principal);
  const { document, digest } = policies.get(world.policy);
  const nodes = world.nodes.map(({ owner, parent = organization, ...node }) => ({
    ...node,
    parent,
    owned: owner === principal,
  }));
  const snapshot = {
    format: 1,
    policy: { id: world.policy, digest },
    organization,
    principal,
    epoch: 1,
    server_time_ms: now_ms,
    nodes: [{ id: organization, level: "organization" }, ...nodes],
    grants,
    token: token ?? null,
  };
  return createGate({ policy: document, snapshot, wasm, nowMs: now_ms });
}

/** What the directory says about the target; nothing when the case names none. */
function factsOf(world, { principal, target }) {
  if (target === undefined) return undefined;
  const grant = principalOf(world, target).grants.find(({ node }) => node === organization);
  return {
    "target.role": grant?.role ?? "",
    "target.self": target === principal,
    "target.creator": target === world.principals[0].name,
  };
}

/** The policies as the Worker serves them, with their digests. */
async function compiled(ids) {
  const cargo = process.env.CARGO ?? "cargo";
  const policies = new Map();
  // One after the other, since cargo lets only one build at a time.
  for (const id of ids) {
    const call = ["run", "--quiet", "--package", "lockstep", "--", "compile", `policies/${id}.toml`];
    const { stdout: document } = await promisify(execFile)(cargo, call, { cwd: root });
    const digest = createHash("sha256").update(document).digest("hex");
    policies.set(id, { document, digest });
  }
  return policies;
}

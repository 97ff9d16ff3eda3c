// A small policy and the snapshots of people under it, for the tests of @lockstep/gate.

import { readFile } from "node:fs/promises";
import { fileURLToPath } from "node:url";

import { compiled } from "../support/policy.mjs";

const wasmFile = fileURLToPath(import.meta.resolve("@lockstep/gate/lockstep_gate_bg.wasm"));

/** The evaluator's bytes, as an application in Node would read them. */
export const wasm = await readFile(wasmFile);

export const organization = "org_a";

const level = "organization";

/** The policy as it is written. */
export const document = {
  id: "small",
  name: "Small",
  everyone: ["leave"],
  roles: [
    { id: "admin", name: "Admin", level, admin: true },
    { id: "member", name: "Member", level },
    { id: "writer", name: "Writer", level: "project" },
  ],
  permissions: [
    { id: "read", level, allow: ["admin", "member"] },
    { id: "invite", level, allow: ["admin"] },
    {
      id: "remove",
      level,
      allow: ["admin"],
      guard: [{ fact: "target.creator", equals: false }],
      because: "The creator stays.",
    },
    { id: "leave", level },
    { id: "write", level: "project", allow: ["writer"] },
  ],
  operations: { "invitation.create": "invite" },
};

/** The policy as it is served. */
export const policy = await compiled(document);

/** What somebody holds: `grants` as `[role, node]`, or whole records. */
export function snapshot({ grants = [["member", organization]], ...rest } = {}) {
  return {
    format: 1,
    policy: { id: policy.id, digest: policy.gate.digest },
    organization,
    principal: "usr_a",
    epoch: 1,
    server_time_ms: 1_000_000,
    nodes: [
      { id: organization, level },
      { id: "wsp_a", level: "workspace", parent: organization },
      { id: "prj_a", level: "project", parent: "wsp_a" },
      { id: "prj_b", level: "project", parent: "wsp_a" },
    ],
    grants: grants.map((grant) =>
      Array.isArray(grant) ? { role: grant[0], node: grant[1] } : grant,
    ),
    token: null,
    ...rest,
  };
}

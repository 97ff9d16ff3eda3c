// The gate, as a page uses it.

import { readFile } from "node:fs/promises";

import { createGate } from "../../../www/packages/gate/dist/index.js";
import { Gate as Evaluator } from "../../../www/packages/gate/wasm/lockstep_gate.js";
import { encode } from "../../../www/packages/gate/dist/encode.js";

const wasm = readFile(
  new URL("../../../www/packages/gate/wasm/lockstep_gate_bg.wasm", import.meta.url),
);

export async function open({ gate: documents, rows, world }) {
  const gate = await ready(documents);
  const page = await ready(rows.gate);
  const evaluator = new Evaluator(
    encode(JSON.parse(documents.policy).gate),
    encode(JSON.parse(documents.snapshot)),
    documents.nowMs,
  );
  const columns = world.permissions.map((id) => evaluator.permission(id));
  const nodes = world.projects.map(({ id }) => evaluator.node(id));
  return {
    gate: {
      ask: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (gate.can(permission, project.id)) yes += 1;
        }
        return yes;
      },
      rows: () => {
        const { permissions, projects } = rows.world;
        const ids = projects.slice(0, rows.count).map(({ id }) => id);
        return () => {
          let yes = 0;
          for (const id of ids) {
            for (const permission of permissions) {
              if (page.can(permission, id)) yes += 1;
            }
          }
          return yes;
        };
      },
      first: () => first({ gate: documents, world }),
    },
    "gate, handles": {
      ask: (asked) => {
        const handles = asked.map(({ permission, project }) => ({
          column: columns[world.permissions.indexOf(permission)],
          node: nodes[world.projects.indexOf(project)],
        }));
        return () => {
          let yes = 0;
          for (const { column, node } of handles) {
            if (evaluator.can(column, node) === 1) yes += 1;
          }
          return yes;
        };
      },
    },
  };
}

let policy;

/** From the snapshot's text to the first answer. Only the very first one has to read the policy. */
export async function first({ gate, world }) {
  policy ??= JSON.parse(gate.policy);
  return (await ready({ ...gate, policy })).can(world.permissions[0], world.projects[0].id);
}

async function ready(documents) {
  const gate = await createGate({ ...documents, wasm });
  if (gate.status !== "ready") throw new Error(`the gate refuses: ${gate.statusText}`);
  return gate;
}

// The gate, as a page uses it.

import { readFile } from "node:fs/promises";

import { createGate } from "../../../www/packages/gate/dist/index.js";

const wasm = readFile(
  new URL("../../../www/packages/gate/wasm/lockstep_gate_bg.wasm", import.meta.url),
);

export async function open({ gate: documents, rows, world }) {
  const gate = await ready(documents);
  const page = await ready(rows.gate);
  const columns = world.permissions.map((id) => gate.permission(id));
  const nodes = world.projects.map(({ id }) => gate.node(id));
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
        const asked = projects.slice(0, rows.count).map(({ id }) => ({ node: id }));
        const numbers = permissions.map((id) => page.permission(id));
        return () => {
          let yes = 0;
          const masks = page.masks(asked);
          for (let row = 0; row < asked.length; row += 1) {
            for (const permission of numbers) {
              if (masks.can(permission, row)) yes += 1;
            }
          }
          return yes;
        };
      },
      first: () => first({ gate: documents, world }),
    },
    "gate, binary": { first: () => firstOfBinary({ gate: documents, world }) },
    "gate, handles": {
      ask: (asked) => {
        const handles = asked.map(({ permission, project }) => ({
          column: columns[world.permissions.indexOf(permission)],
          node: nodes[world.projects.indexOf(project)],
        }));
        return () => {
          let yes = 0;
          for (const { column, node } of handles) {
            if (gate.check(column, node)) yes += 1;
          }
          return yes;
        };
      },
    },
  };
}

let policy;
let binary;

/** From the snapshot's text to the first answer. Only the very first one has to read the policy. */
export async function first({ gate, world }) {
  policy ??= JSON.parse(gate.policy);
  return (await ready({ ...gate, policy })).can(world.permissions[0], world.projects[0].id);
}

/** The same from the snapshot's binary form. */
async function firstOfBinary({ gate, world }) {
  policy ??= JSON.parse(gate.policy);
  binary ??= Buffer.from(gate.binary, "base64");
  const made = await ready({ ...gate, policy, snapshot: binary });
  return made.can(world.permissions[0], world.projects[0].id);
}

async function ready(documents) {
  const gate = await createGate({ ...documents, wasm });
  if (gate.status !== "ready") throw new Error(`the gate refuses: ${gate.statusText}`);
  return gate;
}

// regorus with its register machine, bound by tests/bench/regorus; BENCH_REGORUS names the folder.

import { readFile } from "node:fs/promises";
import path from "node:path";
import { pathToFileURL } from "node:url";

const folder = process.env.BENCH_REGORUS ?? "";
const script = path.join(folder, "lockstep_bench_regorus.js");
const { initSync, Rego } = await import(pathToFileURL(script).href);
initSync({ module: await readFile(path.join(folder, "lockstep_bench_regorus_bg.wasm")) });

export function open({ rego: { policy, data }, world }) {
  const rego = new Rego(policy, data);
  const { principal } = world;
  return {
    "regorus in wasm": {
      ask: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (rego.can(principal, permission, project.id)) yes += 1;
        }
        return yes;
      },
      first: () => first({ rego: { policy, data }, world }),
    },
  };
}

export function first({ rego: { policy, data }, world }) {
  const rego = new Rego(policy, data);
  const allowed = rego.can(world.principal, world.permissions[0], world.projects[0].id);
  rego.free();
  return allowed;
}

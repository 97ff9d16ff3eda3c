// A check by the gate against one by @casl/ability: the same questions, answers compared first, then
// CPU time in interleaved rounds. What counts are the ratios; nanoseconds are this machine's.

import { readFile } from "node:fs/promises";

import { AbilityBuilder, createMongoAbility, subject } from "@casl/ability";

import { createGate } from "../../www/packages/gate/dist/index.js";
import { documents, grants, organization, permissionsOf, person, questions } from "./world.mjs";

const rounds = 9;
const sampleMs = 50;
const ratioMin = 5;

const contenders = { "@lockstep/gate": await gate(), ...casl() };
const workloads = { "page of 200": questions(200), "mix of 10,000": questions(10_000) };

let allowed = 0;
for (const question of workloads["mix of 10,000"]) {
  const answers = Object.values(contenders).map(({ prepare }) => prepare([question])());
  if (new Set(answers).size !== 1) {
    throw new Error(`the contenders disagree about ${JSON.stringify(question)}: ${answers}`);
  }
  allowed += answers[0];
}
console.log(`node ${process.version}; 10,000 answers are equal, ${allowed} of them yes`);

let best = Infinity;
for (const [workload, asked] of Object.entries(workloads)) {
  console.log(`\n${workload.padEnd(38)} ns a check   against the gate`);
  const times = measure(asked);
  const [[, own]] = Object.entries(times);
  for (const [name, ns] of Object.entries(times)) {
    const ratio = ns / own;
    if (ns !== own) best = Math.min(best, ratio);
    console.log(`${name.padEnd(38)} ${ns.toFixed(1).padStart(10)} ${ratio.toFixed(1).padStart(15)} x`);
  }
}
if (best < ratioMin) {
  console.error(`\nthe gate is only ${best.toFixed(1)} times as fast; it should be ${ratioMin} times`);
  process.exitCode = 1;
}

async function gate() {
  const wasm = await readFile(
    new URL("../../www/packages/gate/wasm/lockstep_gate_bg.wasm", import.meta.url),
  );
  const gate = await createGate({ ...(await documents()), wasm });
  if (gate.status !== "ready") throw new Error(`the gate refuses: ${gate.statusText}`);
  return {
    prepare: (asked) => () => {
      let yes = 0;
      for (const { permission, project } of asked) {
        if (gate.can(permission, project.id)) yes += 1;
      }
      return yes;
    },
  };
}

/** One ability with the rules that its documentation would have one write for this world. */
function casl() {
  const { can, build } = new AbilityBuilder(createMongoAbility);
  for (const { role, workspace } of grants) {
    can(permissionsOf(role), "project", { organization, workspace });
  }
  can(permissionsOf("manage"), "project", { organization, owner: person });
  const ability = build();
  return {
    "@casl/ability, subjects made once": {
      prepare: (asked) => {
        const subjects = asked.map(({ permission, project }) => ({
          permission,
          target: subject("project", { ...project }),
        }));
        return () => {
          let yes = 0;
          for (const { permission, target } of subjects) {
            if (ability.can(permission, target)) yes += 1;
          }
          return yes;
        };
      },
    },
    "@casl/ability, subject() at each check": {
      prepare: (asked) => () => {
        let yes = 0;
        for (const { permission, project } of asked) {
          if (ability.can(permission, subject("project", project))) yes += 1;
        }
        return yes;
      },
    },
  };
}

/** CPU nanoseconds of a check: for each contender the median of interleaved rounds. */
function measure(asked) {
  const prepared = Object.entries(contenders).map(([name, { prepare }]) => {
    const run = prepare(asked);
    return { name, run, passes: passesFor(run), samples: [] };
  });
  for (let round = 0; round < rounds; round += 1) {
    for (const { run, passes, samples } of prepared) {
      samples.push((cpuMs(run, passes) * 1e6) / (passes * asked.length));
    }
  }
  return Object.fromEntries(prepared.map(({ name, samples }) => [name, median(samples)]));
}

/** How often to run for one sample; also warms up. */
function passesFor(run) {
  let passes = 1;
  while (cpuMs(run, passes) < sampleMs) passes *= 2;
  return passes;
}

function cpuMs(run, passes) {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass += 1) run();
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

function median(samples) {
  return samples.toSorted((a, b) => a - b)[Math.floor(samples.length / 2)];
}

// One contender in a process of its own: `child.mjs NAME FILE`, where FILE holds the world. It opens
// itself, then does what it is asked for.

import { readFile } from "node:fs/promises";

const sampleMs = 50;
const [name, file] = process.argv.slice(2);
const bench = JSON.parse(await readFile(file, "utf8"));
const { permissions, projects } = bench.world;
const contender = await import(`./contenders/${name}.mjs`);
const variants = await contender.open(bench);
const prepared = new Map();

const tasks = {
  /** What this contender can do: its variants and the workloads of each. */
  variants: () =>
    Object.entries(variants).map(([variant, { ask, rows, first }]) => ({
      variant,
      workloads: [...(ask ? ["page", "mix"] : []), ...(rows ? ["rows"] : []), ...(first ? ["first"] : [])],
    })),
  /** Every answer, one by one. */
  answers: ({ variant, workload }) =>
    workload === "rows"
      ? [variants[variant].rows()()]
      : questions(workload).map((question) => variants[variant].ask([question])() === 1),
  /** CPU nanoseconds of one pass. */
  sample: async ({ variant, workload }) => {
    const key = `${variant} ${workload}`;
    if (!prepared.has(key)) prepared.set(key, await warm(variant, workload));
    const { run, passes } = prepared.get(key);
    return ((await cpuMs(run, passes)) * 1e6) / passes;
  },
};

process.on("message", async ({ task, ...options }) => {
  process.send({ value: await tasks[task](options) });
});
process.send({ value: "ready" });

/** The function to run and how often for one sample. */
async function warm(variant, workload) {
  const made = variants[variant];
  const run =
    workload === "first" ? made.first : workload === "rows" ? made.rows() : made.ask(questions(workload));
  let passes = 1;
  while ((await cpuMs(run, passes)) < sampleMs) passes *= 2;
  return { run, passes };
}

function questions(workload) {
  return bench.questions[workload].map(({ permission, project }) => ({
    permission: permissions[permission],
    project: projects[project],
  }));
}

/** CPU time of this process: its JavaScript, its garbage collector and its compilers. */
async function cpuMs(run, passes) {
  const before = process.cpuUsage();
  for (let pass = 0; pass < passes; pass += 1) {
    const result = run();
    if (typeof result !== "number") await result;
  }
  const { user, system } = process.cpuUsage(before);
  return (user + system) / 1000;
}

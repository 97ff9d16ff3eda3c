// The first answer of a fresh process: `cold.mjs NAME FILE` prints the milliseconds from before the
// contender is imported. FILE holds the world and is read before the clock runs.

import { readFile } from "node:fs/promises";

const [name, file] = process.argv.slice(2);
const bench = JSON.parse(await readFile(file, "utf8"));

const start = performance.now();
const { first } = await import(`./contenders/${name}.mjs`);
const answer = await first(bench);
const elapsed = performance.now() - start;

// The first project's workspace is one that the principal manages.
if (answer !== true) throw new Error(`${name} denies what is allowed`);
console.log(elapsed);

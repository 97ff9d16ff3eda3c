// Bytes that 10,000 abilities of @casl/ability take, one for each principal: `node --expose-gc`.

import { createMongoAbility } from "@casl/ability";

import { bench } from "./world.mjs";

const principals = 10_000;
const { casl } = await bench();
const { rules } = JSON.parse(casl);

globalThis.gc();
const before = process.memoryUsage().heapUsed;
// Each with rules of its own, as each principal's server answer has them; a question builds the index.
const abilities = Array.from({ length: principals }, () => {
  const ability = createMongoAbility(structuredClone(rules));
  ability.can("permission_0", "project");
  return ability;
});
globalThis.gc();
const after = process.memoryUsage().heapUsed;
if (abilities.length !== principals) throw new Error("the abilities are gone");
console.log(after - before);

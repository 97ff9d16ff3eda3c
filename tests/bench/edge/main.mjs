// The running Worker beside the one that a user would write instead: the same requests, answers
// compared first, then CPU time of workerd in interleaved rounds. Prints JSON: people use
// `cargo xtask bench --edge`.

import { createHash } from "node:crypto";

import { jwt } from "./jwt.mjs";
import { Client, median } from "./load.mjs";
import { ask, expect, product, seed, strangers } from "./product.mjs";
import { bundled } from "./runtime.mjs";
import { Issuer, people, tables, worlds } from "./world.mjs";

const rounds = Number(process.env.BENCH_ROUNDS ?? 9);
const requests = 1_000;
/** So many that every part of V8 has seen enough of them. */
const warmUp = 2_000;

const issuer = new Issuer("RS256");
const all = [];
try {
  const result = { rounds, requests: await requestRows(), jwt: await jwt(process.env.BENCH_JWT, rounds) };
  console.log(JSON.stringify(result));
} finally {
  for (const { worker, client } of all) {
    client.close();
    await worker.stop();
  }
}

async function requestRows() {
  const ours = await open("lockstep", product(issuer));
  const seeded = await seed(ours, issuer);
  const everybody = people(seeded);
  const policy = JSON.parse((await expect(200, ours, { path: "/v1/policy" })).text);
  const bindings = { ISSUER: issuer.record, ...tables(policy) };
  const rivals = [];
  for (const entry of ["usual", "tuned"]) {
    const rival = await open(entry, bundled(entry, {
      bindings,
      kvNamespaces: ["GRANTS"],
      durableObjects: { ORGANIZATIONS: { className: "Organization", useSQLite: true } },
    }));
    await seedRival(rival, seeded);
    rivals.push(rival);
  }
  const contenders = [ours, ...rivals];
  await compare(contenders, everybody);
  const floor = await open("floor", bundled("floor", {
    kvNamespaces: ["KV"],
    durableObjects: { OBJECT: { className: "Nothing", useSQLite: true } },
  }));
  return measure(contenders, floor, everybody);
}

async function open(name, starting) {
  const worker = await starting;
  const contender = { name, worker, client: new Client(worker) };
  all.push(contender);
  return contender;
}

async function seedRival(rival, seeded) {
  const bodies = worlds(issuer);
  for (const [at, { organization, principals }] of seeded.entries()) {
    const members = principals.map(({ name }, member) => ({ user: name, grants: bodies[at].principals[member].grants }));
    const tokens = principals.map(({ name, token }) => [createHash("sha256").update(token).digest("hex"), name]);
    await expect(200, rival, { path: "/seed", body: { organization, members, tokens } });
  }
}

/** Everybody gets the same answer from everyone, allowed, denied, refused or not known. */
async function compare(contenders, everybody) {
  const some = everybody.filter((_, at) => at % 37 === 0);
  const stranger = everybody[0];
  for (const [at, person] of some.entries()) {
    const token = issuer.token(person.name);
    const forged = new Issuer("RS256").token(person.name);
    const questions = [
      ...[token, person.token].flatMap((credential) => [ask(person, credential), ask(person, credential, "denied")]),
      ask(person, token, { permission: "no.such" }),
      ask(person, forged),
      ask(person, `${token}=`),
      ...(at === 0 ? [] : [ask({ ...person, path: everybody.at(-1 - at).path }, stranger.token)]),
    ];
    for (const question of questions) {
      const answers = [];
      for (const { name, client } of contenders) answers.push([name, reduced(await client.send(question))]);
      const [[, first]] = answers;
      const other = answers.find(([, answer]) => answer !== first);
      if (other) throw new Error(`lockstep answers ${first}, ${other[0]} ${other[1]}: ${JSON.stringify(question)}`);
    }
  }
}

/** What has to be equal: the status, the decision and the code of its reason. */
function reduced({ status, text }) {
  const { decision, reasons, code } = JSON.parse(text);
  return `${status} ${status === 200 ? `${decision} ${reasons[0].code}` : code}`;
}

async function measure(contenders, floor, everybody) {
  const cold = strangers(issuer, everybody, requests);
  const [one] = everybody;
  const same = (question) => Array.from({ length: requests }, () => question);
  const token = issuer.token(one.name);
  const rows = {
    cold,
    cached: () => same(ask(one, token)),
    denied: () => same(ask(one, token, "denied")),
    key: () => same(ask(one, one.token)),
  };
  const floors = {
    runtime: { path: "/" },
    body: { path: "/body", body: one.allowed },
    kv: { path: "/kv" },
    object: { path: "/object" },
  };
  const [ours] = contenders;
  const entries = [
    { row: "health", name: ours.name, client: ours.client, question: { path: "/v1/health" } },
    ...Object.keys(rows).flatMap((row) => contenders.map(({ name, client }) => ({ row, name, client }))),
    ...Object.entries(floors).map(([row, question]) => ({ row, name: "floor", client: floor.client, question })),
  ].map((entry) => ({ ...entry, samples: [] }));
  for (const { row, client, question } of entries) {
    for (let sent = 0; sent < warmUp; sent += requests) await client.sample(question ? same(question) : rows[row]());
  }
  for (let round = 0; round < rounds; round += 1) {
    for (const row of Object.keys(rows)) {
      const batch = rows[row]();
      for (const entry of entries.filter((entry) => entry.row === row)) {
        entry.samples.push(await entry.client.sample(batch));
      }
    }
    for (const { client, question, samples } of entries.filter(({ question }) => question)) {
      samples.push(await client.sample(same(question)));
    }
  }
  const result = {};
  for (const { row, name, samples } of entries) (result[row] ??= {})[name] = median(samples);
  return result;
}

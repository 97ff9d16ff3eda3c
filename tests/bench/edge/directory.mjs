// What changes of the directory cost, and whether that grows with its size: the product's Worker at 100
// requests a second offered, beside empty transactions of the same object. Prints JSON: people use
// `cargo xtask bench --directory`.

import { Client, median, quantile } from "./load.mjs";
import { lockstep } from "./runtime.mjs";
import { Issuer } from "./world.mjs";

const rounds = Number(process.env.BENCH_ROUNDS ?? 5);
const perSecond = 100;
/** Requests of a sample: two seconds of them. */
const requests = 200;
/** So many that every part of V8 has seen enough of them. */
const warmUp = 600;
const quietMs = 250;
const drainedLimitMs = 60_000;
const origin = "http://localhost:8787";
const permission = "data.read";
const holders = [100, 1_000, 10_000];
const pageLimit = 50;
const editEveryMs = 200;
/** Requests of one connection each that are under way together, for the ceiling. */
const together = 16;
const ceilingMs = 3_000;

const issuer = new Issuer("ES256");
const worker = await lockstep(
  {
    LOCKSTEP_ORIGIN: origin,
    LOCKSTEP_POLICY: "lockstep",
    LOCKSTEP_DEVELOPMENT: "true",
    LOCKSTEP_ID_KEY: Buffer.from(Array.from({ length: 32 }, (_, at) => at)).toString("base64url"),
    LOCKSTEP_ISSUERS: JSON.stringify([issuer.record]),
    LOCKSTEP_EMAIL_ISSUERS: JSON.stringify([issuer.record.issuer]),
  },
  {},
  "directory",
);
const client = new Client(worker, { connections: 64 });
try {
  const result = { rounds, changes: await changes(), pages: await pages(), edits: await edits(), ceiling: await ceiling() };
  console.log(JSON.stringify(result));
} finally {
  client.close();
  await worker.stop();
}

/** An organization of `members` who have tokens, the first of whom is its admin. */
async function organization(name, members) {
  const nodes = [{ id: "workspace0", level: "workspace" }];
  const principals = Array.from({ length: members }, (_, at) => ({
    name: `${name}${at}`,
    issuer: issuer.record.issuer,
    grants: [
      { role: at === 0 ? "admin" : "member", node: "organization" },
      { role: "editor", node: "workspace0" },
    ],
  }));
  const made = await answer(201, { path: "/v1/dev/seed", body: { name, nodes, principals }, headers: { origin } });
  const [admin, ...others] = made.principals;
  return { id: made.organization, path: `/v1/organizations/${made.organization}`, admin, others };
}

/** What an organization's object answers to the benchmark. */
async function bench({ id }, command, body) {
  return (await answer(200, { path: `/bench/${id}/${command}`, body })).value;
}

/** A change of a role, an acceptance, and transactions that do nothing, in turn. */
async function changes() {
  const here = await organization("small", 101);
  const guests = Array.from({ length: rounds * requests + warmUp }, (_, at) => ({
    name: `guest${at}`,
    headers: bearer(issuer.token(`guest${at}`)),
  }));
  // Who accepts has an account already: making one is not part of it.
  for (const { headers } of guests) await answer(200, { path: "/v1/me", headers });
  const addresses = guests.map(({ name }) => `${name}@customer.example`);
  await bench(here, "invite", { user: here.admin.user, addresses, prefix: "inv_bench" });
  await ring(here);
  let accepted = 0;
  let changed = 0;
  const kinds = {
    nothing: () => ({ path: `/bench/${here.id}/nothing` }),
    row: () => ({ path: `/bench/${here.id}/row` }),
    role: () => {
      const { user } = here.others[changed % here.others.length];
      const role = Math.floor(changed / here.others.length) % 2 === 0 ? "view-only" : "member";
      changed += 1;
      return { method: "PATCH", path: `${here.path}/members/${user}`, body: { role }, headers: bearer(here.admin.token) };
    },
    accept: () => {
      const { headers } = guests[accepted];
      accepted += 1;
      return { path: `${here.path}/invitations/inv_bench${accepted - 1}/accept`, body: {}, headers };
    },
  };
  const batch = async (kind, length) => {
    // Who accepts has opened the page with the invitation right before: their objects are in memory, as the organization's is.
    const invited = kind === "accept" ? guests.slice(accepted, accepted + length) : [];
    for (const { headers } of invited) {
      const { invitations } = await answer(200, { path: "/v1/me/invitations", headers });
      if (invitations.length !== 1) throw new Error(`${invitations.length} invitations wait for a guest`);
    }
    return Array.from({ length }, kinds[kind]);
  };
  const samples = Object.fromEntries(Object.keys(kinds).map((kind) => [kind, { waited: [], cpu: [] }]));
  for (const kind of Object.keys(kinds)) await client.offer(await batch(kind, warmUp), perSecond);
  await drained(here);
  for (let round = 0; round < rounds; round += 1) {
    for (const [kind, { waited, cpu }] of Object.entries(samples)) {
      const questions = await batch(kind, requests);
      const before = worker.cpuMs();
      waited.push(...(await client.offer(questions, perSecond)));
      await drained(here);
      cpu.push(((worker.cpuMs() - before) * 1_000) / requests);
    }
  }
  return mapped(samples, ({ waited, cpu }) => ({ ...times(waited), cpu: median(cpu) }));
}

/** The first, a middle and the last page of 10,000 members, by each order, and searches. */
async function pages() {
  const here = await organization("large", 1);
  await bench(here, "fill", { members: holders.at(-1) });
  const headers = bearer(here.admin.token);
  const lists = {};
  for (const sort of ["joined", "email"]) {
    const cursors = await walked(`${here.path}/members?limit=${pageLimit}&sort=${sort}`, headers);
    const at = { first: 0, middle: Math.floor(cursors.length / 2), last: cursors.length - 2 };
    for (const [name, page] of Object.entries(at)) lists[`${sort} ${name}`] = cursors[page];
  }
  const search = (text) => `${here.path}/members?limit=${pageLimit}&sort=email&search=${text}`;
  lists["search many"] = search("person");
  lists["search one"] = search("person9999%40");
  lists["search none"] = search("nobody");
  const samples = mapped(lists, () => ({ waited: [], cpu: [] }));
  for (let round = -1; round < rounds; round += 1) {
    for (const [name, path] of Object.entries(lists)) {
      const before = worker.cpuMs();
      const waited = await client.offer(Array.from({ length: requests / 2 }, () => ({ path, headers })), perSecond);
      if (round < 0) continue;
      samples[name].cpu.push(((worker.cpuMs() - before) * 1_000) / waited.length);
      samples[name].waited.push(...waited);
    }
  }
  return mapped(samples, ({ waited, cpu }) => ({ ...times(waited), cpu: median(cpu) }));
}

/** The path of each page of a list. */
async function walked(list, headers) {
  const paths = [list];
  for (;;) {
    const { next } = await answer(200, { path: paths.at(-1), headers });
    if (next === undefined) return paths;
    paths.push(`${list}&cursor=${next}`);
  }
}

/** An edit of a role that so many hold, and reads at the same time. */
async function edits() {
  const result = {};
  for (const count of holders) {
    const here = await organization(`held${count}`, 101);
    const headers = bearer(here.admin.token);
    const made = await answer(201, { path: `${here.path}/roles`, body: { name: "Own", base: "viewer" }, headers });
    await bench(here, "fill", { members: count, node: "workspace0", role: made.id });
    const reads = Array.from({ length: requests }, (_, at) => read(here, at));
    const edit = (at) => ({
      method: "PATCH",
      path: `${here.path}/roles/${made.id}`,
      body: { name: `Own ${at}`, without: at % 2 === 0 ? ["data.read"] : [] },
      headers,
    });
    await client.offer([...reads, ...reads, ...reads], perSecond);
    await drained(here);
    const samples = { alone: [], meanwhile: [], edit: [] };
    let edited = 0;
    for (let round = 0; round < rounds; round += 1) {
      samples.alone.push(...(await client.offer(reads, perSecond)));
      const before = await bench(here, "enqueued");
      const seconds = requests / perSecond;
      const editsNow = Array.from({ length: (seconds * 1_000) / editEveryMs }, () => edit((edited += 1)));
      const [waited, waitedForEdits] = await Promise.all([
        client.offer(reads, perSecond),
        client.offer(editsNow, 1_000 / editEveryMs),
      ]);
      samples.meanwhile.push(...waited);
      samples.edit.push(...waitedForEdits);
      await drained(here);
      const enqueued = (await bench(here, "enqueued")) - before;
      if (enqueued !== editsNow.length) throw new Error(`${editsNow.length} edits put ${enqueued} values into the outbox`);
    }
    result[count] = mapped(samples, times);
  }
  return result;
}

/** What a page and a program ask while others change things: the object's own snapshot, and a decision. */
function read(here, at) {
  const headers = bearer(here.others[at % here.others.length].token);
  if (at % 2 === 0) return { path: `${here.path}/snapshot`, headers };
  return { path: `${here.path}/evaluate`, body: { permission, resource: { workspace: "workspace0" } }, headers };
}

/** As many changes of roles in one organization as it takes. */
async function ceiling() {
  const here = await organization("busy", 101);
  const headers = bearer(here.admin.token);
  const perRound = [];
  const cpu = [];
  let changed = 0;
  for (let round = -1; round < rounds; round += 1) {
    const before = worker.cpuMs();
    const begin = performance.now();
    const from = changed;
    const one = async () => {
      while (performance.now() - begin < ceilingMs) {
        const { user } = here.others[changed % here.others.length];
        const role = Math.floor(changed / here.others.length) % 2 === 0 ? "view-only" : "member";
        changed += 1;
        await answer(200, { method: "PATCH", path: `${here.path}/members/${user}`, body: { role }, headers });
      }
    };
    await Promise.all(Array.from({ length: together }, one));
    const seconds = (performance.now() - begin) / 1_000;
    await drained(here);
    if (round < 0) continue;
    perRound.push((changed - from) / seconds);
    cpu.push(((worker.cpuMs() - before) * 1_000) / (changed - from));
  }
  return { perSecond: median(perRound), cpu: median(cpu) };
}

/** Has the organization deliver what it owes: any change rings its alarm. */
async function ring(here) {
  const [{ user }] = here.others;
  const headers = bearer(here.admin.token);
  await answer(200, { method: "PATCH", path: `${here.path}/members/${user}`, body: { role: "view-only" }, headers });
  await drained(here);
}

/** Waits until all that follows from what was done has happened, and a little longer: it is part of the cost. */
async function drained(here) {
  const end = Date.now() + drainedLimitMs;
  while ((await bench(here, "waiting")) > 0) {
    if (Date.now() > end) throw new Error(`the outbox of ${here.id} is not empty after ${drainedLimitMs} ms`);
    await new Promise((resolve) => setTimeout(resolve, quietMs));
  }
  await new Promise((resolve) => setTimeout(resolve, quietMs));
}

function times(waited) {
  return { p50: median(waited), p95: quantile(waited, 0.95) };
}

function bearer(token) {
  return { authorization: `Bearer ${token}` };
}

function mapped(object, change) {
  return Object.fromEntries(Object.entries(object).map(([key, value]) => [key, change(value)]));
}

async function answer(status, question) {
  const { status: found, text } = await client.send(question);
  if (found !== status) throw new Error(`${question.path} answered ${found}: ${text}`);
  return JSON.parse(text);
}

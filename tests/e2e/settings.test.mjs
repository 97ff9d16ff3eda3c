// Settings on workerd: what a program reads, what lies on disk, and a key that is replaced (threats P5, P6).

import assert from "node:assert/strict";
import { randomBytes } from "node:crypto";
import { after, before, test } from "node:test";

import { storedFiles } from "../support/canary.mjs";
import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const canaries = ["password", "replaced", "provider", "refused"].map((name) => `canary-${name}-${randomBytes(12).toString("hex")}`);
const [password, replaced, provider, unkept] = canaries;
const settingsKeys = JSON.stringify({ keys: [{ kty: "oct", kid: "k1", k: randomBytes(32).toString("base64url") }] });

let edge;
let ann;
let org;

before(async () => {
  edge = await startEdge({ policy: "lockstep", vars: { LOCKSTEP_SETTINGS_KEYS: settingsKeys } });
  ann = await Person.signIn(edge, "ann@example.com");
  org = `/v1/organizations/${(await ann.post("/v1/organizations", { name: "Acme" })).json.id}`;
});

after(async () => {
  await edge?.stop();
});

const database = (host) => ({ database: { engine: "clickhouse", host, port: 9440, username: "app" } });

test("p5 a program reads changed secrets without a restart, and none of them is on disk, in the log or in another answer", async () => {
  const { id: workspace } = (await ann.post(`${org}/workspaces`, { name: "North" })).json;
  const at = `${org}/workspaces/${workspace}`;
  const put = async (name, body) => {
    const answer = await ann.send("PUT", `${at}/settings/${name}`, body);
    assert.equal(answer.status, 200, answer.text);
    return answer;
  };
  const spoken = [
    await put("main", { value: database("db.internal"), secret: password }),
    await put("openai", { value: { provider: { provider: "openai" } }, secret: provider }),
    await put("flag", { value: { preference: { boolean: true } } }),
  ];
  const grants = [{ role: "workspace-admin", node: workspace }];
  const account = (await ann.post(`${org}/service-accounts`, { name: "App", grants })).json;
  const scopes = ["workspace.read", "secret.read"];
  const key = (await ann.post(`${org}/service-accounts/${account.id}/keys`, { name: "app", scopes })).json;
  const program = new Person(edge, { "x-api-key": key.token });

  const first = await program.get(`${at}/configuration`);
  assert.equal(first.status, 200, first.text);
  assert.deepEqual(first.json.settings.main, { value: { database: { ...database("db.internal").database, tls: true } }, secret: password });
  assert.equal(first.json.current_database, "main");
  assert.equal(first.headers.get("cache-control"), "no-store");
  const known = program.with({ "if-none-match": first.headers.get("etag") });
  const same = await known.get(`${at}/configuration`);
  assert.deepEqual([same.status, same.text], [304, ""]);

  spoken.push(await put("main", { value: database("db.internal"), secret: replaced }));
  const changed = await known.get(`${at}/configuration`);
  assert.deepEqual([changed.status, changed.json.settings.main.secret], [200, replaced]);

  assert.equal((await program.get(`${org}/configuration`)).code, "no-grant");
  assert.equal((await program.get(`${at}/settings`)).code, "out-of-token-scope");
  spoken.push(await ann.get(`${at}/settings`), await ann.get(`${at}/settings/main`), await ann.get(`${org}/audit`));
  const text = [edge.log(), ...spoken.map((answer) => answer.text)].join("\n");
  assert.ok(text.includes("db.internal") && text.includes("setting.put"), "it looks where they would be");
  assert.deepEqual(canaries.filter((secret) => text.includes(secret)), []);
  const files = await storedFiles(edge.store);
  assert.ok(files.some((file) => file.text.includes("db.internal")), "the stores are where we look");
  for (const { name, text } of files) {
    assert.deepEqual(canaries.filter((secret) => text.includes(secret)), [], name);
  }
});

test("without a key the Worker keeps no secret, and everything else as before", async () => {
  const bare = await startEdge({ policy: "lockstep" });
  try {
    const ben = await Person.signIn(bare, "ben@example.com");
    const { id } = (await ben.post("/v1/organizations", { name: "Bare" })).json;
    const path = `/v1/organizations/${id}/settings/main`;
    const refused = await ben.send("PUT", path, { value: database("db"), secret: unkept });
    assert.deepEqual([refused.status, refused.code], [409, "no-settings-key"]);
    assert.equal((await ben.get(path)).status, 404);
    assert.equal((await ben.send("PUT", path, { value: database("db") })).status, 200);
    for (const { name, text } of await storedFiles(bare.store)) assert.ok(!text.includes(unkept), name);
  } finally {
    await bare.stop();
  }
});

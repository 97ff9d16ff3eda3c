// What no client of ours sends: refused with a code and a sentence, and never a 5xx (threats M3, W1, W2, W8).

import assert from "node:assert/strict";
import http from "node:http";
import { after, before, test } from "node:test";
import { setTimeout as sleep } from "node:timers/promises";
import { gzipSync } from "node:zlib";

import { startEdge } from "../support/edge.mjs";
import { Person } from "./person.mjs";

const limit = 65_536;

let edge;
let page;
let ann;
let token;

before(async () => {
  edge = await startEdge();
  page = new Person(edge, { origin: edge.origin });
  ann = await Person.signIn(edge, "ann@example.com");
  ({ token } = (await ann.post("/v1/me/tokens", { name: "ci" })).json);
});

after(() => edge?.stop());

const codes = "/v1/sign-in/codes";

test("bodies that are not the JSON of the route are refused", async () => {
  for (const body of [
    "", "{", "[]", "null", '"x"', "{}", '{"email":1}', '{"email":null}', "{'email':'a@b.example'}",
    '{"email":"a@b.example","email":"c@d.example"}', '{"email":"a@b.example","role":"admin"}',
    '{"email":"a@b.example"} x', '{"email":"a\\u0000@b.example"}', "[".repeat(60_000),
    new Uint8Array([0x7b, 0xff, 0xfe, 0x7d]), '\ufeff{"email":"a@b.example"}',
    // What is no UTF-8 where JSON may have any character: one byte, and three that a fourth is missing of.
    named([0xff]), named([0xf0, 0x9f, 0x98]), named([0xed, 0xa0, 0x80]), '{"email":"\ufffd@b.example"}',
  ]) {
    assert.equal((await page.send("POST", codes, body)).code, "invalid-body", String(body).slice(0, 50));
  }
});

/** A request for a code whose address has these bytes in it. */
function named(bytes) {
  return Buffer.concat([Buffer.from('{"email":"a'), Buffer.from(bytes), Buffer.from('@b.example"}')]);
}

test("only application/json is read", async () => {
  const body = '{"email":"a@b.example"}';
  for (const type of ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data", "text/json", ""]) {
    const answer = await page.send("POST", codes, body, { "content-type": type });
    assert.equal(answer.code, "unsupported-media-type", type);
  }
  const zipped = await page.send("POST", codes, gzipSync(body), { "content-encoding": "gzip" });
  assert.equal(zipped.code, "unsupported-media-type");
  const charset = { "content-type": "application/json; charset=utf-8" };
  assert.equal((await page.send("POST", codes, body, charset)).status, 202);
});

test("w8 a body above 64 KiB is refused, told or not told beforehand", async () => {
  const padded = (length) => {
    const json = JSON.stringify({ email: "a@b.example" });
    return json + " ".repeat(length - json.length);
  };
  assert.equal((await page.send("POST", codes, padded(limit))).status, 202);
  assert.equal((await page.send("POST", codes, padded(limit + 1))).code, "body-too-large");
  assert.equal((await page.send("POST", codes, padded(1_000_000))).code, "body-too-large");
  assert.equal(await early({ "content-length": "10000000" }), 413);
  // Whoever never stops is cut off, with or without having read the answer.
  assert.ok([413, "ECONNRESET", "EPIPE"].includes(await early({}, { piece: " ".repeat(8_192) })));
  assert.equal((await page.get("/v1/health")).status, 200);
});

test("w8 bodies that do not come hold up nobody, and more than a few are ended", async () => {
  const stop = new AbortController();
  const held = Array.from({ length: 40 }, () => early({ "content-length": "100" }, { signal: stop.signal }));
  await sleep(9_000);
  assert.equal((await page.post(codes, { email: "a@b.example" })).status, 202);
  await sleep(3_000);
  stop.abort();
  const ended = await Promise.all(held);
  const count = (how) => ended.filter((other) => other === how).length;
  assert.deepEqual([count(408), count("ABORT_ERR")], [8, 32]);
});

test("w8 a file is not read before it is known who sends it", async () => {
  const imports = "/v1/organizations/import";
  const stranger = { authorization: `Bearer ${token}x` };
  for (const headers of [{}, stranger, { ...stranger, "content-length": "4194304" }]) {
    // Of all that is announced the first bytes come, and the answer does not wait for more.
    assert.equal(await early(headers, { path: imports }), 401, JSON.stringify(headers));
  }
  const large = { "content-length": "4194304" };
  assert.equal(await early(large, { path: `${imports}?x=${imports}` }), 401);
  assert.equal(await early(large, { path: imports.replace("/v1", "/v1/x") }), 404);
});

/** Sends a request whose body does not end, or only begins; answers its status, or how it was cut off. */
function early(headers, { piece, path = codes, signal } = {}) {
  return new Promise((resolve) => {
    const request = http.request(`${edge.origin}${path}`, {
      method: "POST",
      headers: { origin: edge.origin, "content-type": "application/json", ...headers },
      signal,
    });
    const timer = piece && setInterval(() => request.write(piece), 1);
    request.on("close", () => clearInterval(timer));
    request.on("error", (error) => resolve(error.code));
    request.on("response", (response) => {
      resolve(response.statusCode);
      request.destroy();
    });
    request.write("{");
  });
}

test("two credentials are refused, wherever they stand and whatever they are", async () => {
  const cookie = "__Host-lockstep_session=x";
  for (const headers of [
    { authorization: `Bearer ${token}`, "x-api-key": token },
    { authorization: token, cookie },
    { "x-api-key": "x", cookie },
    { cookie: `${cookie}; ${cookie}` },
    { authorization: "Bearer a, Bearer b" },
    { "x-api-key": `${token}, ${token}` },
  ]) {
    assert.equal((await new Person(edge, headers).get("/v1/me")).code, "several-credentials");
  }
});

test("credentials that cannot be one are refused", async () => {
  for (const headers of [
    {}, { authorization: "Basic YTpi" }, { authorization: "Bearer" }, { authorization: "Bearer a b" },
    { authorization: "x".repeat(9_000) }, { "x-api-key": "lsk_pat_" }, { authorization: "Bearer .." },
    { cookie: "__Host-lockstep_session=" }, { cookie: "session=x" }, { authorization: "ls__0123456789" },
  ]) {
    const answer = await new Person(edge, headers).get("/v1/me");
    assert.equal(answer.code, "unauthenticated", JSON.stringify(headers).slice(0, 60));
    assert.match(answer.headers.get("www-authenticate"), /^Bearer/);
  }
});

test("w1 w2 only our own origin, or a bearer credential, changes anything", async () => {
  const { hostname, port } = new URL(edge.origin);
  for (const origin of [
    undefined, "null", "https://evil.example", `http://${hostname}`, `https://${hostname}:${port}`,
    `${edge.origin}.evil.example`, `http://evil.${hostname}:${port}`, `${edge.origin}/`, edge.origin.toUpperCase(),
    `http://${hostname}:${Number(port) + 1}`, `${edge.origin}, ${edge.origin}`,
  ]) {
    const headers = origin === undefined ? {} : { origin };
    const other = new Person(edge, headers);
    const email = "csrf@example.com";
    assert.equal((await other.post(codes, { email })).code, "origin-refused", origin);
    const answer = await ann.with({ origin: origin ?? "" }).post("/v1/organizations", { name: "x" });
    assert.equal(answer.code, "origin-refused", origin);
  }
  assert.deepEqual((await ann.get("/v1/me")).json.organizations, []);
});

test("m3 a path has one spelling", async () => {
  for (const path of [
    "/v1//me", "/v1/me/", "/v1/me//", "/v1/ME", "/v1/%6de", "/v1/me%2f", "/v1/me;x=1",
    "/v1/me.", "/v1/me%00", "/v1/me%20", "/v1/./me/.", "/v1/\u00ede", `/v1/${"x".repeat(4_000)}`, "/v1/",
  ]) {
    assert.equal((await ann.get(path)).code, "not-found", path);
  }
  // These are not under /v1/, so they are the console's: perhaps its page, and nobody's data.
  for (const path of ["//v1/me", "/V1/me", "/v1%2fme", "/v1"]) {
    const headers = { authorization: `Bearer ${token}` };
    const page = await edge.fetch(`${edge.origin}${path}`, { headers });
    assert.ok(!(await page.text()).includes("ann@example.com"), path);
    assert.ok(page.status < 500, path);
  }
});

test("other methods are told which are allowed", async () => {
  for (const method of ["PUT", "PATCH", "DELETE", "OPTIONS", "POST"]) {
    const answer = await ann.send(method, "/v1/me");
    assert.equal(answer.code, "method-not-allowed", method);
    assert.equal(answer.headers.get("allow"), "GET, HEAD");
  }
  const codesAllow = await page.get(codes);
  assert.equal(codesAllow.headers.get("allow"), "POST");
});

test("HEAD is GET without its content (RFC 9110, section 9.3.2)", async () => {
  for (const path of ["/v1/health", "/v1/me", "/v1/nothing", "/v1/organizations/org_1/events"]) {
    const [get, head] = [await ann.send("GET", path), await edge.fetch(path, { method: "HEAD", headers: ann.headers })];
    assert.equal(head.status, get.status, path);
    assert.equal(head.headers.get("content-type"), get.headers.get("content-type"), path);
    assert.equal(await head.text(), "", path);
  }
});

test("HEAD of a stream ends at once", async () => {
  const { id } = (await ann.post("/v1/organizations", { name: "Heads" })).json;
  const head = await edge.fetch(`/v1/organizations/${id}/events`, { method: "HEAD", headers: ann.headers });
  assert.equal(head.status, 200);
  assert.equal(head.headers.get("content-type"), "text/event-stream");
  assert.equal(await head.text(), "");
  assert.equal((await ann.delete(`/v1/organizations/${id}`)).status, 400, "its object answers");
});

test("ids that are not ours reach no object", async () => {
  const foreign = "org_0000000000000000000000000000";
  for (const id of ["org_1", foreign, "usr_1", "..", "%2e%2e", "org_'or'1'='1"]) {
    for (const path of ["", "/members", "/invitations", "/snapshot", "/events"]) {
      const { code } = await ann.get(`/v1/organizations/${id}${path}`);
      // Clients take dots away, and what is left may be a route that learns its organization from a header.
      const codes = id.startsWith("org_") || id.startsWith("usr_") ? ["not-found"] : ["not-found", "organization-required"];
      assert.ok(codes.includes(code), `${id}${path}: ${code}`);
    }
  }
});

test("queries are checked", async () => {
  for (const query of ["limit=0", "limit=201", "limit=-1", "limit=x", "limit="]) {
    assert.equal((await page.get(`/v1/dev/mailbox?${query}`)).code, "invalid-query", query);
  }
});

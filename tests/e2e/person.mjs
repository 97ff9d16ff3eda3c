// A person, or a program of theirs, who talks to the edge over HTTP.

import assert from "node:assert/strict";

import { within } from "../support/edge.mjs";

const mailLimitMs = 10_000;

/** One caller with one credential; every answer is checked for the headers that each must have. */
export class Person {
  #edge;
  #headers;

  /** @param {Record<string, string>} headers what proves who this is */
  constructor(edge, headers = {}) {
    this.#edge = edge;
    this.#headers = headers;
  }

  /** Signs in with a code from the mailbox, as our own page does. */
  static async signIn(edge, email) {
    const browser = new Person(edge, { origin: edge.origin });
    // The mail comes after the answer, and an older one holds a code that no longer counts.
    const older = await mailTo(edge, email);
    const asked = await browser.post("/v1/sign-in/codes", { email });
    assert.equal(asked.status, 202, asked.text);
    const code = codeOf(await newestMail(edge, email, older.length + 1));
    const opened = await browser
      .with({ cookie: cookies(asked) })
      .post("/v1/sign-in/sessions", { email, code });
    assert.equal(opened.status, 201, opened.text);
    return new Person(edge, { origin: edge.origin, cookie: cookies(opened) });
  }

  /** What proves who this is. */
  get headers() {
    return { ...this.#headers };
  }

  /** The same caller with other headers added. */
  with(headers) {
    return new Person(this.#edge, { ...this.#headers, ...headers });
  }

  get = (path) => this.send("GET", path);
  post = (path, body = {}) => this.send("POST", path, body);
  patch = (path, body) => this.send("PATCH", path, body);
  delete = (path) => this.send("DELETE", path);

  /** Sends a request; a body that is no text or bytes goes as JSON. */
  async send(method, path, body, headers = {}) {
    const isRaw = typeof body === "string" || body instanceof Uint8Array;
    // Put together as text, so that a path that begins with `//` stays one.
    const response = await this.#edge.fetch(`${this.#edge.origin}${path}`, {
      method,
      headers: {
        ...this.#headers,
        ...(body === undefined ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      body: body === undefined || isRaw ? body : JSON.stringify(body),
    });
    const text = await response.text();
    this.#edge.heard.answer(path, text, response.headers.getSetCookie());
    checkHeaders(response);
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson(response) ? JSON.parse(text) : undefined,
      code: response.status >= 400 ? checkProblem(response, text) : undefined,
    };
  }
}

/** The `Cookie` header for what an answer sets. */
export function cookies(answer) {
  const pairs = answer.headers.getSetCookie().map((cookie) => cookie.split(";")[0]);
  return pairs.filter((pair) => !pair.endsWith("=")).join("; ");
}

/** Waits for mail to an address; the outbox sends it right after the answer. */
export async function newestMail(edge, to, count = 1) {
  const read = async () => {
    for (;;) {
      const messages = await mailTo(edge, to);
      if (messages.length >= count) return messages[0];
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
  };
  return within(read(), mailLimitMs, `no mail to ${to}`);
}

/** The mail to an address, the newest first. */
async function mailTo(edge, to) {
  const response = await edge.fetch(`/v1/dev/mailbox?to=${encodeURIComponent(to)}`);
  return (await response.json()).messages;
}

/** The sign-in code in a mail. */
export function codeOf(mail) {
  const [code] = mail.text.match(/^[0-9A-HJKMNP-TV-Z]{4}-[0-9A-HJKMNP-TV-Z]{4}$/m);
  return code;
}

function checkHeaders(response) {
  const { headers } = response;
  if (!headers.has("etag")) assert.equal(headers.get("cache-control"), "no-store", response.url);
  assert.equal(headers.get("x-content-type-options"), "nosniff", response.url);
  assert.equal(headers.get("referrer-policy"), "no-referrer", response.url);
  assert.match(headers.get("content-security-policy"), /default-src 'none'/, response.url);
  assert.equal(headers.get("access-control-allow-origin"), null, response.url);
}

function checkProblem(response, text) {
  assert.equal(response.headers.get("content-type"), "application/problem+json");
  const problem = JSON.parse(text);
  assert.equal(problem.status, response.status);
  assert.match(problem.code, /^[a-z]+(-[a-z]+)*$/);
  assert.equal(problem.type, `urn:lockstep:problem:${problem.code}`);
  assert.ok(problem.title.length > 0 && problem.detail.length > 0);
  return problem.code;
}

function isJson(response) {
  return /[/+]json$/.test(response.headers.get("content-type") ?? "");
}

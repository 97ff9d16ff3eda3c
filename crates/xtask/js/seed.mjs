// Waits until the Worker answers and, with `demo`, makes the demo organization the way a person
// would: the demo admin signs in with a code from the mailbox and creates it.
// usage: node seed.mjs ORIGIN ADMIN [demo]

const [origin, admin, demo] = process.argv.slice(2);
const startLimitMs = 60_000;
const mailLimitMs = 20_000;
const requestLimitMs = 20_000;
const pollMs = 150;

async function main() {
  await until(startLimitMs, async () => {
    const response = await send("GET", "/v1/health");
    // A wrong configuration does not heal.
    if (response.status === 500) return fail(await problem(response));
    return response.ok;
  });
  if (demo === "demo") await makeDemo();
}

async function makeDemo() {
  const asked = await expect(202, await send("POST", "/v1/sign-in/codes", { email: admin }));
  const code = await until(mailLimitMs, readCode);
  const signedIn = await expect(
    201,
    await send("POST", "/v1/sign-in/sessions", { email: admin, code }, cookies(asked)),
  );
  const session = cookies(signedIn);
  const me = await (await expect(200, await send("GET", "/v1/me", undefined, session))).json();
  if (me.organizations.length === 0) {
    await expect(
      201,
      await send("POST", "/v1/organizations", { name: "Demo organization" }, session),
    );
  }
  await expect(204, await send("DELETE", "/v1/session", undefined, session));
}

async function readCode() {
  const response = await send("GET", `/v1/dev/mailbox?to=${encodeURIComponent(admin)}&limit=1`);
  const { messages } = await (await expect(200, response)).json();
  return messages.map((mail) => /^[0-9A-Z]{4}-[0-9A-Z]{4}$/m.exec(mail.text)?.[0])[0];
}

function send(method, target, body, cookie) {
  return fetch(origin + target, {
    method,
    headers: {
      Origin: origin,
      ...(body === undefined ? {} : { "Content-Type": "application/json" }),
      ...(cookie === undefined ? {} : { Cookie: cookie }),
    },
    body: body === undefined ? undefined : JSON.stringify(body),
    signal: AbortSignal.timeout(requestLimitMs),
  });
}

async function expect(status, response) {
  return response.status === status ? response : fail(await problem(response));
}

async function problem(response) {
  return `${response.url} answered ${response.status}: ${await response.text()}`;
}

function cookies(response) {
  return response.headers
    .getSetCookie()
    .map((cookie) => cookie.split(";")[0])
    .join("; ");
}

/** Asks again until the answer is true or a value; a refused connection is an answer, too. */
async function until(limitMs, ask) {
  const end = Date.now() + limitMs;
  let last = "no answer";
  while (Date.now() < end) {
    try {
      const value = await ask();
      if (value) return value;
    } catch (error) {
      if (error instanceof Failed) throw error;
      last = String(error.cause ?? error);
    }
    await new Promise((resolve) => setTimeout(resolve, pollMs));
  }
  return fail(`gave up after ${limitMs / 1000} s: ${last}`);
}

class Failed extends Error {}

function fail(message) {
  throw new Failed(message);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

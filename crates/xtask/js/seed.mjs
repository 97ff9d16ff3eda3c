// Waits until the Worker answers, fills it with the demo organization and prints what it says.
// usage: node seed.mjs ORIGIN

const [origin] = process.argv.slice(2);
const startLimitMs = 60_000;
const requestLimitMs = 20_000;

async function main() {
  await healthy();
  const response = await fetch(`${origin}/v1/dev/seed`, {
    method: "POST",
    headers: { Origin: origin, "Content-Type": "application/json" },
    body: "{}",
    signal: AbortSignal.timeout(requestLimitMs),
  });
  const body = await response.text();
  if (!response.ok) {
    throw new Error(`the demo organization could not be made: ${response.status} ${body}`);
  }
  process.stdout.write(body || "{}");
}

async function healthy() {
  const end = Date.now() + startLimitMs;
  let last = "no answer";
  while (Date.now() < end) {
    try {
      const response = await fetch(`${origin}/v1/health`, {
        signal: AbortSignal.timeout(requestLimitMs),
      });
      const body = await response.text();
      if (response.ok) return;
      last = `${response.status} ${body}`;
      // A wrong configuration does not heal.
      if (response.status === 500) break;
    } catch (error) {
      last = String(error.cause ?? error);
    }
    await new Promise((resolve) => setTimeout(resolve, 200));
  }
  throw new Error(`the Worker is not healthy: ${last}`);
}

main().catch((error) => {
  console.error(error.message);
  process.exitCode = 1;
});

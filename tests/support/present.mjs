// Bad credentials, presented to a running Worker: nobody gets in, and nothing breaks.

import assert from "node:assert/strict";

const atOnce = 16;

/** Sends each as a credential in every place of one, and counts what comes back. */
export async function presentTo(edge, name, credentials) {
  const places = [(text) => ({ authorization: `Bearer ${text}` }), (text) => ({ "x-api-key": text })];
  const requests = credentials.flatMap((text) => places.map((place) => [text, place(text)]));
  const statuses = new Map();
  const wrong = [];
  for (let at = 0; at < requests.length; at += atOnce) {
    const answers = requests.slice(at, at + atOnce).map(async ([text, headers]) => {
      const ask = () => edge.fetch("/v1/me", { headers });
      // A kept connection that the other side has just closed is no answer: ask once more.
      const response = await ask().catch(ask);
      await response.arrayBuffer();
      return [text, response.status];
    });
    for (const [text, status] of await Promise.all(answers)) {
      statuses.set(status, (statuses.get(status) ?? 0) + 1);
      if (![400, 401].includes(status)) wrong.push([status, text]);
    }
  }
  console.log(`${name}: ${requests.length} requests, ${JSON.stringify(Object.fromEntries(statuses))}`);
  assert.deepEqual(wrong, [], name);
}

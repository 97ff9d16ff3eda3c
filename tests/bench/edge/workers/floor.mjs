// What the runtime itself costs, one thing at a time.

import { DurableObject } from "cloudflare:workers";

export class Nothing extends DurableObject {
  one() {
    return 1;
  }
}

export default {
  async fetch(request, env) {
    switch (new URL(request.url).pathname) {
      case "/kv":
        await env.KV.get("key");
        break;
      case "/object":
        await env.OBJECT.get(env.OBJECT.idFromName("one")).one();
        break;
      case "/body":
        await request.json();
        break;
    }
    return Response.json({ decision: true });
  },
};

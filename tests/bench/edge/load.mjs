// A bounded number of requests over connections that stay open.

import http from "node:http";

const connections = 8;
const limitMs = 120_000;

/** Requests to one Worker. */
export class Client {
  #agent;
  #worker;

  constructor(worker, { connections: maxSockets = connections } = {}) {
    this.#agent = new http.Agent({ keepAlive: true, maxSockets });
    this.#worker = worker;
  }

  /** One request, `{ path, body, headers }`; once more, when the connection was closed for having been idle. */
  async send(question) {
    try {
      return await this.#sendOnce(question);
    } catch (error) {
      if (error.code !== "ECONNRESET") throw error;
      // The others may have been idle for as long.
      return this.#sendOnce(question, false);
    }
  }

  #sendOnce({ path, body, headers = {}, method = body === undefined ? "GET" : "POST" }, agent = this.#agent) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { host, port } = this.#worker;
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host,
          port,
          path,
          agent,
          method,
          headers: {
            ...headers,
            ...(text === undefined
              ? {}
              : { "content-type": "application/json", "content-length": Buffer.byteLength(text) }),
          },
          timeout: limitMs,
        },
        (response) => {
          let answer = "";
          response.setEncoding("utf8");
          response.on("data", (chunk) => (answer += chunk));
          response.on("end", () => resolve({ status: response.statusCode, text: answer }));
        },
      );
      request.on("timeout", () => request.destroy(new Error(`${path}: no answer within ${limitMs} ms`)));
      request.on("error", reject);
      request.end(text);
    });
  }

  /** CPU milliseconds of the Worker's process for 1,000 of `requests`, each of which has to be answered with 200. */
  async sample(requests) {
    const before = this.#worker.cpuMs();
    let next = 0;
    const one = async () => {
      while (next < requests.length) {
        const request = requests[next];
        next += 1;
        const { status, text } = await this.send(request);
        if (status !== 200) throw new Error(`${request.path} answered ${status}: ${text}`);
      }
    };
    await Promise.all(Array.from({ length: connections }, one));
    return ((this.#worker.cpuMs() - before) * 1_000) / requests.length;
  }

  /**
   * Sends `requests` at `perSecond` of them, whether those before were answered or not. Gives how long each
   * was waited for, from when it was to be sent, in milliseconds.
   */
  async offer(requests, perSecond) {
    const begin = performance.now();
    const one = async (request, at) => {
      const dueMs = begin + (at * 1_000) / perSecond;
      await new Promise((resolve) => setTimeout(resolve, dueMs - performance.now()));
      const { status, text } = await this.send(request);
      if (status >= 300) throw new Error(`${request.path} answered ${status}: ${text}`);
      return performance.now() - dueMs;
    };
    return Promise.all(requests.map(one));
  }

  close() {
    this.#agent.destroy();
  }
}

export const median = (samples) => quantile(samples, 0.5);

/** The least sample that is no less than `share` of all. */
export function quantile(samples, share) {
  const sorted = samples.toSorted((a, b) => a - b);
  return sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))];
}

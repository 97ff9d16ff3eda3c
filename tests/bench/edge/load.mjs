// A bounded number of requests over connections that stay open.

import http from "node:http";

const connections = 8;
const limitMs = 120_000;

/** Requests to one Worker. */
export class Client {
  #agent = new http.Agent({ keepAlive: true, maxSockets: connections });
  #worker;

  constructor(worker) {
    this.#worker = worker;
  }

  /** One request, `{ path, body, headers }`; once more, when the connection was closed for having been idle. */
  async send(question) {
    try {
      return await this.#sendOnce(question);
    } catch (error) {
      if (error.code !== "ECONNRESET") throw error;
      return this.#sendOnce(question);
    }
  }

  #sendOnce({ path, body, headers = {} }) {
    const text = body === undefined ? undefined : JSON.stringify(body);
    const { host, port } = this.#worker;
    return new Promise((resolve, reject) => {
      const request = http.request(
        {
          host,
          port,
          path,
          agent: this.#agent,
          method: text === undefined ? "GET" : "POST",
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

  close() {
    this.#agent.destroy();
  }
}

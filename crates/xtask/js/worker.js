// The Worker's entry: hands requests, commands and alarms to the WASM module, and gets over its death.
//
// A panic or a trap kills the whole instance, and what was under way in it would then wait for ever:
// its promises have nobody left to settle them. So every call ends with an error at the moment of the
// trap, every stream of an object breaks off, and the next one finds a new instance.
//
// Each step between JavaScript and WASM costs, so a request goes in as one piece of memory.

import { DurableObject } from "cloudflare:workers";
import * as edge from "./edge.js";

/** Methods whose body is read at all. */
const methodsWithBody = new Set(["PATCH", "POST", "PUT"]);
/** What is taken of a body, in bytes. */
const bodyBytesMax = 65_536;
/** The same of a file that is imported. It is read once it is known who sends it. */
const importBytesMax = 4_194_304;
const importPath = "/v1/organizations/import";
/** So many files at once in one isolate: while one is read, it is there several times. */
const importsMax = 2;
/** So much more of a body that is too large is read and thrown away: otherwise the connection is reset, and the client never sees why. */
const drainBytesMax = 1_048_576;
/** How long a body may take. */
const bodyMs = 10_000;
/** How long an alarm that failed waits before it rings again, in milliseconds. */
const againMs = 10_000;
/** So many bodies may take longer: a timer for each would cost a tenth of what a decision does, and so few hold up nobody. */
const untimedMax = 32;
/** How long an import counts as one of those that are there: one whose client has gone may end without a word. */
const importMs = 60_000;

export default {
  async fetch(request, env, context) {
    if (request.method !== "HEAD") return answer(request.method, request, env, context);
    // RFC 9110, section 9.3.2: as a GET, without its content. What would be streamed ends before it began.
    const whole = await answer("GET", request, env, context);
    await whole.body?.cancel();
    return new Response(null, whole);
  },
};

async function answer(method, request, env, context) {
  const { url } = request;
  const hasBody = methodsWithBody.has(method);
  if (hasBody && isImport(url)) return imported(request, env, context);
  const body = hasBody ? await bodyOf(request) : noBody;
  return settled(() => {
    // Bytes go into the memory of the instance that is there, so a dead one has to be replaced first.
    instance();
    const { bytes, head } = written(method, url, request.headers, body);
    return edge.fetch(bytes, head, env, context);
  });
}

export const AddressObject = object("AddressObject");
export const DomainObject = object("DomainObject");
export const MailboxObject = object("MailboxObject");
export const SlugObject = object("SlugObject");
export const OrganizationObject = object("OrganizationObject");
export const UserObject = object("UserObject");

/** Whether a file is imported there, by the path alone. */
function isImport(url) {
  return url.includes(importPath) && url.split("?", 1)[0].endsWith(importPath);
}

/** Who sends the files that are there now, and when each began to be read. */
const imports = new Set();

/** Answers a request whose body waits for who sends it to be known; strangers' bodies are not read. */
async function imported(request, env, context) {
  const own = { began: 0, sender: "" };
  const pull = async (sender) => {
    own.began = Date.now();
    own.sender = sender;
    for (const other of imports) if (own.began - other.began > importMs) imports.delete(other);
    // One that broke off may have ended without a word, but none is read for longer than this.
    const isRead = ({ began }) => own.began - began <= bodyMs;
    const isSending = [...imports].some((other) => other.sender === sender && isRead(other));
    if (isSending || imports.size >= importsMax) return "busy";
    imports.add(own);
    const { word, content } = await inTime(bytesOf(request));
    return word || content;
  };
  const call = () => {
    instance();
    const { bytes } = written(request.method, request.url, request.headers, noBody);
    return edge.fetchImport(bytes, env, context, pull);
  };
  try {
    return await settled(call);
  } finally {
    imports.delete(own);
  }
}

/** A body that was read: a text or bytes, or a word about why it could not be taken. */
const taken = (content) => ({ word: "", content });
const untaken = (word) => ({ word, content: "" });
const noBody = taken("");

/** How many bodies are on their way. */
let onTheirWay = 0;

/** A request's body, however it ends. */
async function bodyOf(request) {
  onTheirWay += 1;
  try {
    const body = textOf(request);
    return await (onTheirWay > untimedMax ? inTime(body) : body);
  } catch {
    return untaken("broken");
  } finally {
    onTheirWay -= 1;
  }
}

/** A body that takes no longer than it may. */
function inTime(body) {
  return new Promise((resolve) => {
    const timer = setTimeout(resolve, bodyMs, untaken("late"));
    const end = (body) => {
      clearTimeout(timer);
      resolve(body);
    };
    body.then(end, () => end(untaken("broken")));
  });
}

/**
 * Reads a body as a text, which the runtime gives for less than bytes. But it leaves a byte order mark
 * out, and puts U+FFFD in the place of what is no UTF-8; nobody sent that.
 */
async function textOf(request) {
  const told = request.headers.get("content-length");
  const length = Number(told ?? NaN);
  // The server ends a body where its length says.
  if (!(length <= bodyBytesMax)) return partsOf(request, told, bodyBytesMax);
  const text = await request.text();
  const isWhole = text.length === length || encoder.encode(text).length === length;
  return isWhole && !text.includes("\uFFFD") ? taken(text) : untaken("not-text");
}

/** Reads the file that is imported. */
async function bytesOf(request) {
  const told = request.headers.get("content-length");
  if (!(Number(told ?? NaN) <= importBytesMax)) return partsOf(request, told, importBytesMax);
  return taken(new Uint8Array(await request.arrayBuffer()));
}

/** Keeps no more of a body than may be taken, however much of it there is. */
async function partsOf(request, told, bytesMax) {
  if (told !== null && !(Number(told) <= bytesMax + drainBytesMax)) return untaken("too-large");
  const parts = [];
  let length = 0;
  for await (const part of request.body ?? []) {
    length += part.length;
    if (length > bytesMax + drainBytesMax) break;
    if (length <= bytesMax) parts.push(part);
  }
  if (length > bytesMax) return untaken("too-large");
  return taken(new Uint8Array(await new Blob(parts).arrayBuffer()));
}

/** Method, URL, the word in the place of a body, and name and value of each header, a line each. */
function headOf(method, url, headers, word) {
  let text = `${method}\n${url}\n${word}\n`;
  for (const [name, value] of headers) {
    // No line break gets through a server; if one did, it would begin another header.
    text += `${name}\n${value.includes("\n") ? value.replaceAll("\n", " ") : value}\n`;
  }
  return text;
}

const encoder = new TextEncoder();
/** Where requests are put together, one after the other; a larger one has memory of its own. */
const room = new Uint8Array(4 * bodyBytesMax);

/** Puts a request together: its bytes, and how many of them are its head. */
function written(method, url, headers, { word, content }) {
  const text = headOf(method, url, headers, word);
  // A character of JavaScript has at most three bytes.
  const needed = 3 * (text.length + content.length);
  const memory = needed > room.length ? new Uint8Array(needed) : room;
  const head = encoder.encodeInto(text, memory).written;
  return { bytes: memory.subarray(0, head + put(content, memory.subarray(head))), head };
}

/** Puts a text or bytes into memory, and says how many bytes they are. */
function put(content, memory) {
  if (typeof content === "string") return encoder.encodeInto(content, memory).written;
  memory.set(content);
  return content.length;
}

/** A Durable Object class around one of Rust's, whose value is made again in every new instance. */
function object(name) {
  return class extends DurableObject {
    #value;
    #instance;

    constructor(context, env) {
      super(context, env);
      this.#current();
    }

    /** Answers one command with a text: three digits of status, and the body. */
    command(text, provenance) {
      return settled(() => this.#current().command(text, provenance));
    }

    /** The same for a command whose answer is a stream. */
    async fetch(request) {
      return breaking(await settled(() => this.#current().fetch(request)));
    }

    /**
     * Rings, and never fails: of alarms that do the runtime repeats six and forgets the seventh, and with it
     * whatever is owed by an object to which nobody writes.
     */
    async alarm() {
      try {
        return await settled(() => this.#current().alarm());
      } catch (error) {
        console.error("alarm:", error);
        await this.ctx.storage.setAlarm(Date.now() + againMs);
      }
    }

    #current() {
      const current = instance();
      if (this.#instance !== current) {
        this.#value = new edge[name](this.ctx, this.env);
        this.#instance = current;
      }
      return this.#value;
    }
  };
}

/** The number of the living instance: any export replaces a dead one before it runs. */
function instance() {
  return edge.__worker_init_state().instanceId;
}

/** How to end each of the calls that are under way. */
const underWay = new Set();

/** What the call gives. When that is a promise, it settles as the promise does or, when the instance dies first, with the error that killed it. */
function settled(call) {
  let answer;
  try {
    answer = call();
  } catch (error) {
    noticed(error);
    throw error;
  }
  if (!(answer instanceof Promise)) return answer;
  return new Promise((resolve, reject) => {
    underWay.add(reject);
    answer
      .then(resolve, (error) => {
        noticed(error);
        reject(error);
      })
      .finally(() => underWay.delete(reject));
  });
}

/** What ends the streams that are sent. Nobody says when a client has gone, so they are not kept from being forgotten. */
const streams = new Set();
const forgotten = new FinalizationRegistry((stream) => streams.delete(stream));

/**
 * An object's answer whose body breaks off when the instance that makes it dies: whoever reads it would
 * wait for ever, and hear nothing. (In the Worker itself the runtime breaks a body off for which nothing is
 * under way any more.)
 */
function breaking(answer) {
  if (!answer.body || answer.status !== 200) return answer;
  const reader = answer.body.getReader();
  const source = {
    start(controller) {
      const stream = new WeakRef(controller);
      streams.add(stream);
      forgotten.register(controller, stream);
    },
    async pull(controller) {
      const { done, value } = await reader.read();
      if (done) controller.close();
      else controller.enqueue(value);
    },
    cancel: (reason) => reader.cancel(reason),
  };
  // Nothing is read before it is asked for, so a slow reader is noticed where it was.
  return new Response(new ReadableStream(source, { highWaterMark: 0 }), answer);
}

// A trap between two steps of a future reaches nobody but these listeners.
addEventListener("error", ({ error }) => noticed(error));
addEventListener("unhandledrejection", ({ reason }) => noticed(reason));

function noticed(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  console.error("the WASM instance died", error);
  for (const end of underWay) end(error);
  underWay.clear();
  for (const stream of streams) stream.deref()?.error(error);
  streams.clear();
}

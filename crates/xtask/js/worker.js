// The Worker's entry: hands requests and alarms to the WASM module, and gets over its death.
//
// A panic or a trap kills the whole instance, and what was under way in it would then wait for ever:
// its promises have nobody left to settle them. So every call ends with an error at the moment of the
// trap, and the next one finds a new instance.

import { WorkerEntrypoint } from "cloudflare:workers";
import * as edge from "./edge.js";

export default class extends WorkerEntrypoint {
  fetch(request) {
    return settled(() => {
      instance();
      return edge.fetch(request, this.env, this.ctx);
    });
  }
}

export const AddressObject = object(edge.AddressObject);
export const MailboxObject = object(edge.MailboxObject);
export const OrganizationObject = object(edge.OrganizationObject);
export const UserObject = object(edge.UserObject);

/** A Durable Object class around one of Rust's, whose value is made again in every new instance. */
function object(Class) {
  return class {
    #context;
    #env;
    #value;
    #instance;

    constructor(context, env) {
      this.#context = context;
      this.#env = env;
      this.#current();
    }

    fetch(request) {
      return settled(() => this.#current().fetch(request));
    }

    alarm() {
      return settled(() => this.#current().alarm());
    }

    #current() {
      const current = instance();
      if (this.#instance !== current) {
        this.#value = new Class(this.#context, this.#env);
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

/** Settles as the call does or, when the instance dies first, with the error that killed it. */
function settled(call) {
  return new Promise((resolve, reject) => {
    underWay.add(reject);
    new Promise((resolve) => resolve(call()))
      .then(resolve, (error) => {
        noticed(error);
        reject(error);
      })
      .finally(() => underWay.delete(reject));
  });
}

// A trap between two steps of a future reaches nobody but these listeners.
addEventListener("error", ({ error }) => noticed(error));
addEventListener("unhandledrejection", ({ reason }) => noticed(reason));

function noticed(error) {
  if (!(error instanceof WebAssembly.RuntimeError)) return;
  console.error("the WASM instance died", error);
  for (const end of underWay) end(error);
  underWay.clear();
}

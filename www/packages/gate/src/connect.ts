import type { PolicyDocument } from "./documents.js";
import { Announcements, type EventSourceFactory } from "./announcements.js";
import { createGate, type Gate, type Sentences } from "./gate.js";
import { ReadError, readPolicy, readSnapshot, type Fetch } from "./read.js";
import { refusingGate } from "./refusal.js";
import { PAUSE_MAX_MS, PAUSE_MIN_MS, WAIT_MAX_MS } from "./times.js";
import type { WasmSource } from "./wasm-source.js";

/** `loading`, `ready`, or the code of what went wrong, such as `not-found` or `unreachable`. */
export type GateStatus = string;

/** One moment of a connection; replaced, never changed, so that it can be compared by identity. */
export interface GateState {
  readonly organization: string;
  readonly status: GateStatus;
  /** One sentence about `status`, for people; empty when it is `ready`. */
  readonly statusText: string;
  /** Never missing: while nothing can be read, it allows nothing. */
  readonly gate: Gate;
  readonly policy: PolicyDocument | null;
  /** The organization's latest announced epoch: when it rises, lists on the page may be out of date. */
  readonly epoch: number;
}

/** A gate that follows one organization, in the shape of React's `useSyncExternalStore`. */
export interface GateStore {
  readonly organization: string;
  /** Starts with the first subscriber and stops after the last one left: whoever comes next may be somebody else. */
  subscribe(listener: () => void): () => void;
  getSnapshot(): GateState;
  /** The state before anything was read: what a server renders, and what a page begins with that takes it over. */
  getServerSnapshot(): GateState;
  /** Reads the snapshot again, for instance after a write by this page. */
  refresh(): Promise<void>;
}

export interface ConnectOptions {
  /** The organization's id: the key of everything here, so two tabs may follow two organizations. */
  readonly organization: string;
  /** Where the edge is; defaults to the page's own origin. */
  readonly baseUrl?: string | undefined;
  readonly wasm?: WasmSource | undefined;
  readonly fetch?: Fetch | undefined;
  readonly eventSource?: EventSourceFactory | undefined;
  /** The page's own sentences by code, for decisions and for states; what is missing comes in English. */
  readonly sentences?: Sentences | undefined;
}

export function connect(options: ConnectOptions): GateStore {
  return new Connection(options);
}

/** What has passed since, by whichever clock says more: people set the one, and the other stands still while its machine sleeps. */
function passing(): () => number {
  const ms = Date.now();
  const steadyMs = performance.now();
  return () => Math.max(Date.now() - ms, performance.now() - steadyMs);
}

class Connection implements GateStore {
  readonly organization: string;
  readonly #options: ConnectOptions;
  readonly #announcements: Announcements;
  readonly #listeners = new Set<() => void>();
  readonly #first: GateState;
  #state: GateState;
  /** The read under way, and the one that follows it, if somebody asked meanwhile. */
  #reading: Promise<void> | undefined;
  #next: Promise<void> | undefined;
  /** The highest epoch of any snapshot so far, of each principal: the session is that of all tabs. */
  readonly #newest = new Map<string, number>();
  /** The policy of an earlier snapshot: it is not read again while snapshots are made under it. */
  #policy: PolicyDocument | null = null;
  /** The highest epoch that was announced, and the wait until it is looked at again. */
  #announced = 0;
  #pause: ReturnType<typeof setTimeout> | undefined;
  #expiry: ReturnType<typeof setTimeout> | undefined;
  /** What the server's clock says. */
  #nowMs = () => 0;
  #running = false;
  /** How often nobody followed any more. */
  #life = 0;

  constructor(options: ConnectOptions) {
    this.organization = options.organization;
    this.#options = options;
    const gate = refusingGate("loading", "Your permissions are being loaded.", options.sentences);
    this.#state = this.#first = this.#stateOf(gate, null, 0);
    this.#announcements = new Announcements(
      options,
      (epoch) => {
        this.#announced = Math.max(epoch, this.#announced);
        if (!this.#pause) {
          this.#readAnnounced();
        }
      },
      () => void this.refresh(),
    );
  }

  getSnapshot = (): GateState => (this.#running ? this.#state : this.#first);

  getServerSnapshot = (): GateState => this.#first;

  subscribe = (listener: () => void): (() => void) => {
    this.#listeners.add(listener);
    if (!this.#running) {
      this.#state = this.#first;
      this.#running = true;
      void this.refresh();
      this.#announcements.open();
    }
    return () => {
      this.#listeners.delete(listener);
      // React's strict mode leaves and comes back at once: that is not worth a reconnection.
      setTimeout(() => this.#listeners.size === 0 && this.#stop(), 0);
    };
  };

  refresh(): Promise<void> {
    if (this.#reading) {
      // What is under way may have been answered before.
      return (this.#next ??= this.#reading.then(() => {
        this.#next = undefined;
        return this.refresh();
      }));
    }
    return (this.#reading = this.#read().finally(() => {
      this.#reading = undefined;
    }));
  }

  /** Reads what was announced, and what is announced from now on after a pause. */
  #readAnnounced(): void {
    const epoch = this.#announced;
    this.#pause = undefined;
    if (this.#running && epoch > this.#state.epoch) {
      const waitMs = PAUSE_MIN_MS + Math.random() * (PAUSE_MAX_MS - PAUSE_MIN_MS);
      this.#pause = setTimeout(() => this.#readAnnounced(), waitMs);
      this.#set({ ...this.#state, epoch });
      // A read that is under way may have been answered before.
      void this.refresh();
    }
  }

  async #read(): Promise<void> {
    const life = this.#life;
    try {
      const options = this.#options;
      // What else is loaded takes its time, which passes at the edge as well.
      let passedMs = passing();
      const [known, snapshot] = await Promise.all([
        this.#policy ?? readPolicy(options),
        readSnapshot(options).finally(() => (passedMs = passing())),
      ]);
      const asSent = { ...options, snapshot, nowMs: NaN };
      let policy = known;
      let gate = await createGate({ ...asSent, policy });
      if (gate.status === "snapshot-other-policy" && known === this.#policy) {
        policy = await readPolicy(options);
        gate = await createGate({ ...asSent, policy });
      }
      if (life !== this.#life) {
        // Whoever follows the store now may be somebody else, and another read is under way for them.
        return;
      }
      const fits = gate.status === "ready";
      if (fits && gate.epoch < this.#newest.get(gate.principal)!) {
        // An answer that was long under way, or from a stale store, must not undo what a newer one said.
        if (this.#state.gate.principal === gate.principal) {
          return;
        }
        throw new ReadError("stale", "Your permissions are out of date, so nothing is allowed here.");
      }
      this.#newest.set(gate.principal, gate.epoch);
      // The two may come from before and after a new policy: then the next read takes both anew.
      this.#policy = fits ? policy : null;
      this.#nowMs = () => gate.serverTimeMs + passedMs();
      this.#follow(gate, policy);
    } catch (cause) {
      if (life === this.#life) {
        this.#refuse(cause);
      }
    }
  }

  #follow(gate: Gate, policy: PolicyDocument | null): void {
    const nowMs = this.#nowMs();
    gate = gate.changesAtMs > nowMs ? gate : gate.at(nowMs);
    this.#set(this.#stateOf(gate, policy, Math.max(this.#state.epoch, gate.epoch)));
    this.#pass();
    if (gate.status !== "ready") {
      this.#announcements.failed();
    } else if (this.#running) {
      // After a failure that was final, nothing listens.
      this.#announcements.open();
    }
  }

  /** Lets the time that has passed count for the gate that is there, and waits for the rest of it. */
  #pass(): void {
    clearTimeout(this.#expiry);
    const { gate, policy } = this.#state;
    const waitMs = gate.changesAtMs - this.#nowMs();
    if (waitMs <= 0) {
      this.#follow(gate, policy);
      // A clock that was set forward says so too early; the edge knows.
      void this.refresh();
    } else if (this.#running && waitMs < Infinity) {
      this.#expiry = setTimeout(() => this.#pass(), Math.min(waitMs, WAIT_MAX_MS));
    }
  }

  #refuse(cause: unknown): void {
    const error =
      cause instanceof ReadError ? cause : new ReadError(undefined, undefined, cause);
    // It may be a fault of the page's own; what fails at every try is reported once.
    if (error.cause && error.code !== this.#state.status) {
      console.error("lockstep: permissions could not be read", error.cause);
    }
    const gate = refusingGate(error.code, error.message, this.#options.sentences);
    this.#set(this.#stateOf(gate, this.#state.policy, this.#state.epoch));
    this.#announcements.failed(error.final);
  }

  #stateOf(gate: Gate, policy: PolicyDocument | null, epoch: number): GateState {
    const { status, statusText } = gate;
    return { organization: this.organization, status, statusText, gate, policy, epoch };
  }

  #set(state: GateState): void {
    this.#state = state;
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (cause) {
        // It is the page's own, so it is reported as if nobody had called: the others are still told.
        queueMicrotask(() => {
          throw cause;
        });
      }
    }
  }

  #stop(): void {
    this.#running = false;
    this.#life += 1;
    clearTimeout(this.#expiry);
    this.#announcements.close();
  }
}

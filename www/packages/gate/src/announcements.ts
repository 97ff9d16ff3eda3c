import { parsed } from "./documents.js";
import { RETRY_FIRST_MS, RETRY_MAX_MS, SILENCE_MAX_MS } from "./times.js";

export type EventSourceFactory = (url: string) => EventSource;

export interface AnnouncementsOptions {
  readonly baseUrl?: string | undefined;
  readonly organization: string;
  readonly eventSource?: EventSourceFactory | undefined;
}

/**
 * Follows an organization's epochs over Server-Sent Events. An event carries only a number: what it
 * means for this principal is read again from the edge.
 *
 * Reconnects by itself, with growing and jittered waits, because an `EventSource` gives up for good
 * when it is answered anything but an event stream.
 */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  readonly #onEpoch: (epoch: number) => void;
  readonly #onRetry: () => void;
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  /** Runs out when nothing is said: at first, and where the edge was heard to beat, which an older one does not. */
  #silence: ReturnType<typeof setTimeout> | undefined;
  #beats = false;
  /** Whether the source has said anything: an edge says its epoch at once, so a silent one is held up on its way. */
  #heard = false;
  #waitMs = RETRY_FIRST_MS;
  /** When the source was opened, by this machine's clock. */
  #sinceMs = 0;
  #wanted = false;

  /** `onEpoch`: the organization has this epoch now; `onRetry`: something may have been missed, so read again. */
  constructor(options: AnnouncementsOptions, onEpoch: (epoch: number) => void, onRetry: () => void) {
    this.#options = options;
    this.#onEpoch = onEpoch;
    this.#onRetry = onRetry;
  }

  /** Listens, unless it does already or is about to. */
  open(): void {
    this.#wanted = true;
    globalThis.addEventListener?.("online", this.#resume);
    globalThis.document?.addEventListener("visibilitychange", this.#resume);
    if (!this.#source && !this.#retry) {
      this.#connect();
    }
  }

  close(): void {
    this.#wanted = false;
    globalThis.removeEventListener?.("online", this.#resume);
    globalThis.document?.removeEventListener("visibilitychange", this.#resume);
    this.#drop();
  }

  /** Something failed: try again later or, when that is pointless, stop listening. */
  failed(final = false): void {
    // An edge that answers proves nothing: what fails may be the page's own, or other pages end this one's stream.
    if (this.#source && Date.now() - this.#sinceMs > RETRY_MAX_MS) {
      this.#waitMs = RETRY_FIRST_MS;
    }
    this.#drop();
    if (this.#wanted && !final) {
      this.#retry = setTimeout(() => this.#again(), this.#waitMs * (0.75 + Math.random() / 2));
      this.#waitMs = Math.min(this.#waitMs * 2, RETRY_MAX_MS);
    }
  }

  #connect(): void {
    if (isHidden()) {
      // Over HTTP/1.1 a browser has six connections for all pages of an origin, and a stream keeps one.
      return;
    }
    const { baseUrl = "", organization, eventSource } = this.#options;
    let source: EventSource;
    try {
      const url = `${baseUrl}/v1/organizations/${encodeURIComponent(organization)}/events`;
      source = eventSource?.(url) ?? new EventSource(url);
    } catch (cause) {
      // There is none here, as in Node: each attempt reads, whatever becomes of the stream.
      if (eventSource && this.#waitMs === RETRY_FIRST_MS) {
        console.error("lockstep: no events", cause);
      }
      return this.failed();
    }
    const hear = ({ type, data }: MessageEvent<unknown>) => {
      if (source !== this.#source) {
        return;
      }
      this.#heard = true;
      this.#beats ||= type === "beat";
      this.#listen();
      const epoch = parsed<{ epoch?: unknown }>(String(data))?.epoch;
      if (Number.isSafeInteger(epoch)) {
        this.#onEpoch(epoch as number);
      }
    };
    source.addEventListener("epoch", hear);
    source.addEventListener("beat", hear);
    source.addEventListener("error", () => {
      if (source === this.#source) {
        this.failed();
      }
    });
    this.#source = source;
    this.#heard = false;
    this.#sinceMs = Date.now();
    this.#listen();
  }

  /** A connection may end without a word, as when a machine sleeps: then nothing comes any more. */
  #listen(): void {
    clearTimeout(this.#silence);
    if (this.#beats || !this.#heard) {
      this.#silence = setTimeout(() => this.#again(), SILENCE_MAX_MS);
    }
  }

  #again(): void {
    this.#drop();
    this.#connect();
    this.#onRetry();
  }

  /** A page that slept, was off the network or was not seen may have missed events without any error. */
  #resume = (): void => {
    this.#waitMs = RETRY_FIRST_MS;
    if (isHidden()) {
      this.#drop();
    } else {
      this.#again();
    }
  };

  #drop(): void {
    clearTimeout(this.#retry);
    clearTimeout(this.#silence);
    this.#source?.close();
    this.#retry = this.#source = undefined;
  }
}

function isHidden(): boolean {
  return globalThis.document?.visibilityState === "hidden";
}


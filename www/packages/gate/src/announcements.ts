export type EventSourceFactory = (url: string) => EventSource;

export interface AnnouncementsOptions {
  readonly baseUrl: string;
  readonly organization: string;
  readonly eventSource?: EventSourceFactory | undefined;
  /** The organization has this epoch now. */
  readonly onEpoch: (epoch: number) => void;
  /** Something may have been missed: read again. */
  readonly onRetry: () => void;
}

/** First and longest wait before another attempt, in milliseconds. */
const RETRY_FIRST_MS = 250;
const RETRY_MAX_MS = 30_000;

/**
 * Follows an organization's epochs over Server-Sent Events. An event carries only a number: what it
 * means for this principal is read again from the edge.
 *
 * Reconnects by itself, with growing and jittered waits, because an `EventSource` gives up for good
 * when it is answered anything but an event stream.
 */
export class Announcements {
  readonly #options: AnnouncementsOptions;
  #source: EventSource | undefined;
  #retry: ReturnType<typeof setTimeout> | undefined;
  #waitMs = RETRY_FIRST_MS;
  #wanted = false;

  constructor(options: AnnouncementsOptions) {
    this.#options = options;
  }

  open(): void {
    if (!this.#wanted) {
      this.#wanted = true;
      globalThis.addEventListener?.("online", this.#resume);
      globalThis.document?.addEventListener("visibilitychange", this.#resume);
      this.#connect();
    }
  }

  close(): void {
    this.#wanted = false;
    globalThis.removeEventListener?.("online", this.#resume);
    globalThis.document?.removeEventListener("visibilitychange", this.#resume);
    this.#drop();
  }

  /** A read failed: try again later or, when that is pointless, stop listening. */
  failed(final: boolean): void {
    this.#drop();
    if (!final) {
      this.#later();
    }
  }

  #connect(): void {
    const { baseUrl, organization, eventSource = open, onEpoch } = this.#options;
    const source = eventSource(
      `${baseUrl}/v1/organizations/${encodeURIComponent(organization)}/events`,
    );
    source.addEventListener("epoch", (event) => {
      const epoch = epochOf((event as MessageEvent<unknown>).data);
      if (epoch !== undefined && source === this.#source) {
        this.#waitMs = RETRY_FIRST_MS;
        onEpoch(epoch);
      }
    });
    source.addEventListener("error", () => {
      if (source === this.#source) {
        this.#drop();
        this.#later();
      }
    });
    this.#source = source;
  }

  #later(): void {
    if (!this.#wanted) {
      return;
    }
    clearTimeout(this.#retry);
    this.#retry = setTimeout(() => this.#again(), this.#waitMs * (0.75 + Math.random() / 2));
    this.#waitMs = Math.min(this.#waitMs * 2, RETRY_MAX_MS);
  }

  #again(): void {
    this.#connect();
    this.#options.onRetry();
  }

  /** A page that slept or was off the network may have missed events without any error. */
  #resume = (): void => {
    if (globalThis.document?.visibilityState !== "hidden") {
      this.#drop();
      this.#waitMs = RETRY_FIRST_MS;
      this.#again();
    }
  };

  #drop(): void {
    clearTimeout(this.#retry);
    this.#source?.close();
    this.#source = undefined;
  }
}

function open(url: string): EventSource {
  return new EventSource(url, { withCredentials: true });
}

function epochOf(data: unknown): number | undefined {
  try {
    const { epoch } = JSON.parse(String(data)) as { epoch?: unknown };
    return typeof epoch === "number" && Number.isSafeInteger(epoch) ? epoch : undefined;
  } catch {
    return undefined;
  }
}

/** An answer that was not a success, in the words of the edge (RFC 9457). */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly status: number;
  readonly code: string;

  constructor(status: number, code: string, detail: string) {
    super(detail);
    this.status = status;
    this.code = code;
  }
}

/** What a form has sent and got no answer to, and the key of it. */
export interface Once {
  sent?: { readonly what: string; readonly key: string } | undefined;
}

export interface RequestOptions {
  readonly method?: "GET" | "POST" | "PUT" | "PATCH" | "DELETE";
  readonly body?: object;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Of the form that sends a POST: what it sends again unchanged is done once (`Idempotency-Key`). */
  readonly once?: Once | undefined;
}

/** How long the edge may take, in milliseconds. */
const TIMEOUT_MS = 15_000;

/** Entries of a page: the most that the edge gives. */
const PAGE_ENTRIES = 200;

const listeners = new Set<() => void>();

let turns = 0;

/** How often somebody has signed in or out here: what was asked before that is nobody's answer any more. */
export function turn(): number {
  return turns;
}

/** Says that somebody has signed in or out. */
export function nextTurn(): void {
  turns += 1;
}

/** Calls `listener` whenever the edge no longer knows who is asking. Returns what ends that. */
export function onUnauthenticated(listener: () => void): () => void {
  listeners.add(listener);
  return () => listeners.delete(listener);
}

/** All entries of a list, whose pages call them `name`. */
export async function readAll<T, K extends string>(
  path: string,
  name: K,
  signal?: AbortSignal,
): Promise<Record<K, T[]>> {
  const entries: T[] = [];
  let cursor: string | undefined;
  do {
    const after = cursor === undefined ? "" : `&cursor=${encodeURIComponent(cursor)}`;
    const page = await request<Record<K, T[]> & { next?: string }>(
      `${path}?limit=${PAGE_ENTRIES}${after}`,
      { signal },
    );
    entries.push(...page[name]);
    cursor = page.next;
  } while (cursor !== undefined);
  return { [name]: entries } as Record<K, T[]>;
}

/** One call of the HTTP API. Rejects with a `Problem` whose message can be shown as it is. */
export async function request<T>(path: string, options: RequestOptions = {}): Promise<T> {
  const { method = "GET", body, signal, once } = options;
  const headers = { ...options.headers, ...keyOf(path, options) };
  const timeout = AbortSignal.timeout(TIMEOUT_MS);
  const before = turn();
  let response: Response;
  let text: string;
  try {
    response = await fetch(path, {
      method,
      headers: body === undefined ? headers : { ...headers, "Content-Type": "application/json" },
      body: body === undefined ? null : JSON.stringify(body),
      signal: signal ? AbortSignal.any([signal, timeout]) : timeout,
    });
    text = await response.text();
  } catch (cause) {
    signal?.throwIfAborted();
    throw cause instanceof Error && cause.name === "TimeoutError"
      ? new Problem(0, "timeout", "The edge did not answer in time. Try again.")
      : new Problem(0, "unreachable", "The edge cannot be reached. Check the connection and try again.");
  }
  const value = parse(text);
  if (once && response.status < 500) {
    once.sent = undefined;
  }
  if (response.ok) {
    return value as T;
  }
  const problem = problemOf(response.status, value);
  if (problem.code === "unauthenticated" && turn() === before) {
    listeners.forEach((listener) => listener());
  }
  throw problem;
}

/** The same key for as long as the same is sent and nobody said what became of it. */
function keyOf(path: string, { once, headers, body }: RequestOptions): Record<string, string> {
  if (once === undefined) {
    return {};
  }
  const what = JSON.stringify([path, headers, body]);
  if (once.sent?.what !== what) {
    once.sent = { what, key: crypto.randomUUID() };
  }
  return { "Idempotency-Key": once.sent.key };
}

/** A path segment from an id. */
export function segment(id: string): string {
  return encodeURIComponent(id);
}

/** What to tell the person about anything that was thrown. */
export function messageOf(cause: unknown): string {
  if (cause instanceof Problem) {
    return cause.message;
  }
  console.error(cause);
  return "Something went wrong in this page. Load it again.";
}

function parse(text: string): unknown {
  try {
    return text === "" ? undefined : (JSON.parse(text) as unknown);
  } catch {
    return undefined;
  }
}

function problemOf(status: number, value: unknown): Problem {
  const { code, detail, title } = (value ?? {}) as Record<string, unknown>;
  const text = [detail, title].find((part) => typeof part === "string" && part !== "");
  return new Problem(
    status,
    typeof code === "string" ? code : "unknown",
    typeof text === "string" ? text : `The edge answered ${status} and gave no reason.`,
  );
}

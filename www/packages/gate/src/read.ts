import { parsed, type PolicyDocument } from "./documents.js";
import { TIMEOUT_MS } from "./times.js";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ReadOptions {
  readonly baseUrl?: string | undefined;
  readonly organization: string;
  readonly fetch?: Fetch | undefined;
}

/** Why the documents could not be read: a code for programs, a sentence for people, and a cause for who develops the page. */
export class ReadError extends Error {
  readonly code: string;
  /** Whether asking again is pointless until something else changes. */
  readonly final: boolean;

  constructor(
    code = "unreadable",
    text = "Your permissions could not be read, so nothing is allowed here.",
    cause?: unknown,
    final = false,
  ) {
    super(text, { cause });
    this.code = code;
    this.final = final;
  }
}

/** The media type of a snapshot's binary form, which needs no parsing here. */
const BINARY = "application/vnd.lockstep.snapshot";

export async function readPolicy(options: ReadOptions): Promise<PolicyDocument> {
  return parsed(await read("/v1/policy", "application/json", options)) as PolicyDocument;
}

/** The caller's snapshot: its binary form, or its JSON from an edge that does not know it. */
export function readSnapshot(options: ReadOptions): Promise<Uint8Array | string> {
  return read(
    `/v1/organizations/${encodeURIComponent(options.organization)}/snapshot`,
    BINARY,
    options,
  );
}

/** The bytes of a snapshot, or the text of a JSON object. */
function read(path: "/v1/policy", accept: string, options: ReadOptions): Promise<string>;
function read(path: string, accept: string, options: ReadOptions): Promise<Uint8Array | string>;
async function read(
  path: string,
  accept: string,
  { baseUrl = "", fetch = globalThis.fetch }: ReadOptions,
): Promise<Uint8Array | string> {
  let response: Response;
  let answer: Uint8Array | string;
  try {
    response = await fetch(baseUrl + path, {
      // The session's cookie goes along, as `fetch` does by itself within an origin.
      headers: { Accept: accept },
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    answer =
      response.headers.get("content-type") === BINARY
        ? new Uint8Array(await response.arrayBuffer())
        : await response.text();
  } catch (cause) {
    throw new ReadError(
      "unreachable",
      "The edge cannot be reached, so nothing is allowed here.",
      cause,
    );
  }
  const document: object | undefined = typeof answer === "string" ? parsed(answer) : answer;
  if (response.ok && document) {
    return answer;
  }
  throw refused(response.status, document);
}

function refused(status: number, problem: { code?: unknown; detail?: unknown } = {}): ReadError {
  const code = typeof problem.code === "string" ? problem.code : undefined;
  const detail = typeof problem.detail === "string" ? problem.detail : undefined;
  // These and 5xx pass; anything else that the caller is told stays so until something changes.
  const passes = [408, 425, 429].includes(status);
  return new ReadError(code, detail, undefined, status >= 400 && status < 500 && !passes);
}

import type { PolicyDocument, Snapshot } from "./documents.js";

export type Fetch = (url: string, init: RequestInit) => Promise<Response>;

export interface ReadOptions {
  readonly baseUrl: string;
  readonly organization: string;
  /** The answer must not be from before this epoch. */
  readonly epoch: number;
  /** The policy of an earlier snapshot: it is not read again while snapshots name its digest. */
  readonly known: KnownPolicy | null;
  readonly fetch?: Fetch | undefined;
}

/** A document with the text it came as: the evaluator reads the text, the page the object. */
export interface Read<T> {
  readonly text: string;
  readonly document: T;
}

export interface KnownPolicy {
  readonly digest: string;
  readonly policy: Read<PolicyDocument>;
}

/** Why the documents could not be read: a code for programs and a sentence for people. */
export class ReadError extends Error {
  override readonly name = "ReadError";
  readonly code: string;
  /** Whether asking again is pointless until something else changes. */
  readonly final: boolean;

  constructor(code: string, text: string, final = false) {
    super(text);
    this.code = code;
    this.final = final;
  }
}

/** How long the edge may take, in milliseconds. */
const TIMEOUT_MS = 10_000;

/** Reads the policy and the caller's snapshot, which belong together. */
export async function readDocuments(
  options: ReadOptions,
): Promise<{ policy: Read<PolicyDocument>; snapshot: Read<Snapshot> }> {
  const { known, epoch } = options;
  const readPolicy = () => read<PolicyDocument>("/v1/policy", {}, options);
  const organization = encodeURIComponent(options.organization);
  const [policy, snapshot] = await Promise.all([
    known?.policy ?? readPolicy(),
    read<Snapshot>(
      `/v1/organizations/${organization}/snapshot`,
      epoch > 0 ? { "Lockstep-Epoch": String(epoch) } : {},
      options,
    ),
  ]);
  const isOther = known !== null && snapshot.document.policy?.digest !== known.digest;
  return { policy: isOther ? await readPolicy() : policy, snapshot };
}

async function read<T>(
  path: string,
  headers: Record<string, string>,
  { baseUrl, fetch = globalThis.fetch.bind(globalThis) }: ReadOptions,
): Promise<Read<T>> {
  let response: Response;
  let text: string;
  try {
    response = await fetch(baseUrl + path, {
      headers: { Accept: "application/json", ...headers },
      credentials: "same-origin",
      signal: AbortSignal.timeout(TIMEOUT_MS),
    });
    text = await response.text();
  } catch {
    throw new ReadError(
      "unreachable",
      "The edge cannot be reached, so nothing is allowed here until it answers again.",
    );
  }
  const document = parse(text);
  if (!response.ok || document === undefined) {
    throw refused(response.status, document);
  }
  return { text, document: document as T };
}

function parse(text: string): object | undefined {
  try {
    const value: unknown = JSON.parse(text);
    return typeof value === "object" && value !== null ? value : undefined;
  } catch {
    return undefined;
  }
}

function refused(status: number, problem: { code?: unknown; detail?: unknown } = {}): ReadError {
  const code = typeof problem.code === "string" ? problem.code : "unreadable";
  const detail =
    typeof problem.detail === "string"
      ? problem.detail
      : "Your permissions could not be read, so nothing is allowed here.";
  // 429 and 5xx pass; anything else that the caller is told stays so until something changes.
  return new ReadError(code, detail, status >= 400 && status < 500 && status !== 429);
}

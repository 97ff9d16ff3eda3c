import type { PolicyDocument as Document } from "./wire.js";

export type {
  DecisionView as Decision,
  FactsView as Facts,
  GrantView as ReasonGrant,
  LevelName as Level,
  PermissionDocument as PolicyPermission,
  ReasonView as Reason,
  RoleDocument as PolicyRole,
  Scalar as FactValue,
  Snapshot,
} from "./wire.js";

/** The policy as `GET /v1/policy` serves it. */
export interface PolicyDocument extends Document {
  /** The same policy, compiled: what the evaluator reads. */
  readonly gate: { readonly digest: string; readonly compiled: string };
}

/** What cannot be parsed is nothing; whoever reads it says what it could not read. */
export function parsed<T extends object>(document: T | string): T | undefined {
  try {
    const value = typeof document === "string" ? (JSON.parse(document) as T) : document;
    return Object(value) === value ? value : undefined;
  } catch {
    return undefined;
  }
}

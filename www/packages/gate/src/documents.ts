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

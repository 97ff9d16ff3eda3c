/** Where in the hierarchy a node lies: organization > workspace > project. */
export type Level = "organization" | "workspace" | "project";

/** A role of the policy, as far as a page needs it. */
export interface PolicyRole {
  readonly id: string;
  /** Shown to people; the id when left out. */
  readonly name?: string;
  readonly level: Level;
  /** Whether its holders count as admins of the organization. */
  readonly admin?: boolean;
  /** What the role is for, in a sentence. */
  readonly description?: string;
}

/** A permission of the policy, as far as a page needs it. */
export interface PolicyPermission {
  readonly id: string;
  /** Shown to people; the id when left out. */
  readonly label?: string;
  readonly level: Level;
}

/**
 * The policy as `GET /v1/policy` serves it. Only what a page shows or looks up is typed here.
 */
export interface PolicyDocument {
  readonly id: string;
  readonly name: string;
  readonly roles: readonly PolicyRole[];
  readonly permissions: readonly PolicyPermission[];
  /** Lockstep's own operations, each with the permission that it needs under this policy. */
  readonly operations?: Readonly<Record<string, string>>;
  /** The same policy, compiled: what the evaluator reads. */
  readonly gate: object;
}

/** What one principal holds in one organization, as `GET /v1/organizations/{org}/snapshot` serves it. */
export interface Snapshot {
  /** The version of the JSON form: 1 or 2. */
  readonly format: number;
  readonly policy: { readonly id: string; readonly digest: string };
  readonly organization: string;
  readonly principal: string;
  /** Rises with every change to what the principal holds. */
  readonly epoch: number;
  /** The edge's clock when it answered, in Unix milliseconds. */
  readonly server_time_ms: number;
}

/** A grant that would be enough: a role, or ownership when `role` is absent. */
export interface ReasonGrant {
  readonly role?: string;
  readonly role_name?: string;
  readonly node: string;
  readonly level: Level;
}

/** Why a decision is what it is. */
export interface Reason {
  /**
   * Stable, for programs: `granted`, `owned`, `everyone`; `capped`, `denied-by-rule`, `expired`,
   * `fact-missing`, `guard-failed`, `no-grant`, `no-membership`, `out-of-token-scope`, `plan`; or why
   * nothing could be decided.
   */
  readonly code: string;
  /** One sentence, for people. */
  readonly text: string;
  readonly role?: string;
  readonly role_name?: string;
  readonly node?: string;
  /** The access group through which the principal has the role. */
  readonly group?: string;
  /** The rule that denies. */
  readonly rule?: string;
  /** The feature that the organization's plan lacks. */
  readonly feature?: string;
  /** The guard that does not hold. */
  readonly guard?: string;
  /** The fact that nobody stated. */
  readonly fact?: string;
  /** The smallest grants that would allow it. */
  readonly grants?: readonly ReasonGrant[];
}

/** The answer to one question, with its reasons; the first one says the most. */
export interface Decision {
  readonly decision: boolean;
  readonly reasons: readonly Reason[];
}

/** Facts for guards, such as `{ "target.role": "admin" }`. */
export type Facts = Readonly<Record<string, FactValue | Readonly<Record<string, FactValue>>>>;

/** The value of a fact. A group of facts, such as all tags of a resource, is an object of them. */
export type FactValue = boolean | number | string;

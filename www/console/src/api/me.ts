import { nextTurn, readAll, request, segment, type Once } from "./request.js";

export interface OrganizationName {
  readonly id: string;
  readonly name: string;
}

export interface DeletedOrganization extends OrganizationName {
  readonly restorable_until_ms: number;
}

/** An organization that the domain of one's address lets one into. */
export interface Joinable {
  readonly organization: OrganizationName;
  readonly domain: string;
  readonly role: string;
  readonly role_name: string;
}

export interface Me {
  /** Without an address when an identity provider vouches for the person and states none. */
  readonly user: { readonly id: string; readonly email: string | null };
  readonly organizations: readonly OrganizationName[];
  /** Whether there are others, after these by name. */
  readonly has_more_organizations: boolean;
  /** Those that the person was an admin of when they were deleted, while they can be restored. */
  readonly deleted_organizations: readonly DeletedOrganization[];
  readonly development: boolean;
}

export interface MyInvitation {
  readonly id: string;
  readonly organization: OrganizationName;
  readonly role: string;
  readonly role_name: string;
  readonly invited_by: string;
  /** What a program is called that invites; whoever made it wrote that. */
  readonly invited_by_program?: string;
  /** What the inviter wrote beside it, as plain text. */
  readonly message?: string | null;
  readonly expires_at_ms: number;
}

/** What became of an invitation that one has sent, or of one's own membership. */
export interface Notification {
  readonly id: number;
  readonly kind: "invitation_accepted" | "invitation_declined" | "removed" | "role_changed";
  readonly organization: OrganizationName;
  readonly at_ms: number;
  readonly read: boolean;
  readonly email?: string;
  readonly role_name?: string;
}

/** What the bell shows: what waits for an answer, and the newest of what is told. */
export interface Told {
  readonly invitations: readonly MyInvitation[];
  readonly notifications: readonly Notification[];
  readonly unread: number;
}

/** What a token or key may do at most: permission ids, or `null` for all that it acts for. */
export type Scopes = readonly string[] | null;

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly scopes: Scopes;
  /** Where it may act; `null`: everywhere. */
  readonly subtree: { readonly organization: string; readonly node: string } | null;
  readonly active: boolean;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
  /** To the hour. */
  readonly last_used_at_ms: number | null;
}

/** The secret of a token or key just made or rotated. It is never shown again. */
export interface NewSecret {
  readonly id: string;
  readonly name: string;
  /** Missing when the answer with it was lost and was asked for again. */
  readonly token?: string;
}

/** A token just made or rotated. */
export type NewToken = Token & NewSecret;

export interface TokenRequest {
  readonly name: string;
  readonly scopes: Scopes;
  readonly subtree: { readonly organization: string } | null;
  readonly expires_in_s: number | null;
}

export interface Session {
  readonly id: string;
  readonly created_at_ms: number;
  /** To the hour. */
  readonly seen_at_ms: number;
  /** Whether it is the one that asks. */
  readonly current: boolean;
}

export const sendCode = (email: string) =>
  request<{ expires_at_ms: number }>("/v1/sign-in/codes", { method: "POST", body: { email } });

export const signIn = (email: string, code: string) =>
  request<unknown>("/v1/sign-in/sessions", { method: "POST", body: { email, code } }).then(nextTurn);

export const signOut = () => request<undefined>("/v1/session", { method: "DELETE" }).then(nextTurn);

export async function readMe(signal?: AbortSignal): Promise<Me> {
  const me = await request<Me>("/v1/me", { signal });
  if (!me.has_more_organizations) return me;
  return { ...me, ...(await readAll<OrganizationName, "organizations">("/v1/me/organizations", "organizations", signal)) };
}

export const readJoinable = (signal?: AbortSignal) =>
  request<{ organizations: Joinable[] }>("/v1/me/joinable", { signal });

export const readTold = (signal?: AbortSignal) =>
  request<Told>("/v1/me/notifications?limit=20", { signal });

/** Says that the notification with this id was read, and all before it. */
export const markRead = (until: number) =>
  request<undefined>("/v1/me/notifications/read", { method: "PUT", body: { until } });

export const readTokens = (signal?: AbortSignal) =>
  readAll<Token, "tokens">("/v1/me/tokens", "tokens", signal);

export const createToken = (once: Once, token: TokenRequest) =>
  request<NewToken>("/v1/me/tokens", { method: "POST", body: token, once });

export const setTokenActive = (id: string, active: boolean) =>
  request<Token>(`/v1/me/tokens/${segment(id)}`, { method: "PATCH", body: { active } });

export const rotateToken = (once: Once, id: string, overlapS: number) =>
  request<NewToken>(`/v1/me/tokens/${segment(id)}/rotate`, {
    method: "POST",
    body: { overlap_s: overlapS },
    once,
  });

export const deleteToken = (id: string) =>
  request<undefined>(`/v1/me/tokens/${segment(id)}`, { method: "DELETE" });

export const readSessions = (signal?: AbortSignal) =>
  request<{ sessions: Session[] }>("/v1/me/sessions", { signal });

export const endSession = (id: string) =>
  request<undefined>(`/v1/me/sessions/${segment(id)}`, { method: "DELETE" });

export const signOutEverywhere = (tokens: boolean) =>
  request<undefined>("/v1/me/sign-out", { method: "POST", body: { tokens } }).then(nextTurn);

import { request, segment } from "./request.js";

export interface OrganizationName {
  readonly id: string;
  readonly name: string;
}

export interface Me {
  /** Without an address when an identity provider vouches for the person and states none. */
  readonly user: { readonly id: string; readonly email: string | null };
  readonly organizations: readonly OrganizationName[];
  readonly development: boolean;
}

export interface MyInvitation {
  readonly id: string;
  readonly organization: OrganizationName;
  readonly role: string;
  readonly role_name: string;
  readonly invited_by: string;
  readonly expires_at_ms: number;
}

export interface Token {
  readonly id: string;
  readonly name: string;
  readonly created_at_ms: number;
  readonly expires_at_ms: number | null;
}

/** A token just made. The secret is never shown again. */
export interface NewToken extends Token {
  readonly token: string;
}

export const sendCode = (email: string) =>
  request<{ expires_at_ms: number }>("/v1/sign-in/codes", { method: "POST", body: { email } });

export const signIn = (email: string, code: string) =>
  request<unknown>("/v1/sign-in/sessions", { method: "POST", body: { email, code } });

export const signOut = () => request<undefined>("/v1/session", { method: "DELETE" });

export const readMe = (signal?: AbortSignal) => request<Me>("/v1/me", { signal });

export const readMyInvitations = (signal?: AbortSignal) =>
  request<{ invitations: MyInvitation[] }>("/v1/me/invitations", { signal });

export const readTokens = (signal?: AbortSignal) =>
  request<{ tokens: Token[] }>("/v1/me/tokens", { signal });

export const createToken = (name: string, expiresInS: number | null) =>
  request<NewToken>("/v1/me/tokens", {
    method: "POST",
    body: expiresInS === null ? { name } : { name, expires_in_s: expiresInS },
  });

export const revokeToken = (id: string) =>
  request<undefined>(`/v1/me/tokens/${segment(id)}`, { method: "DELETE" });

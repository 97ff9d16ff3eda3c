import { useGate } from "@lockstep/react";
import type { Facts, PolicyRole } from "@lockstep/gate";
import { useFacts } from "./facts.js";

/** A role with the name to show. */
export type NamedRole = PolicyRole & { readonly name: string };

/** The roles that a member can have: those of the organization, or all where it has none. */
export function useRoles(): readonly NamedRole[] {
  const roles = useGate().policy?.roles ?? [];
  const ofOrganization = roles.filter(({ level }) => level === "organization");
  return (ofOrganization.length > 0 ? ofOrganization : roles).map((role) => ({
    ...role,
    name: role.name ?? role.id,
  }));
}

/**
 * The roles that the permission to invite is open for. Whether the person holds all that a role gives is
 * asked of the edge alone, which then says what is missing: nobody hands out more.
 */
export function useInvitableRoles(): readonly NamedRole[] {
  const { gate, policy } = useGate();
  const facts = useFacts();
  const permission = policy?.operations?.["invitation.create"];
  return useRoles().filter(
    ({ id }) =>
      permission !== undefined && gate.can(permission, undefined, { ...facts, "grant.role": id }),
  );
}

/**
 * The role to offer first. Handing out an admin role is a choice, never what happens when nothing
 * is chosen.
 */
export function plainestRole(roles: readonly NamedRole[]): string {
  return (roles.find(({ admin }) => !admin) ?? roles[0])?.id ?? "";
}

/**
 * Facts to ask about `operation` with before a role is chosen: those of the first role for which it
 * is allowed, or of the first one, which then says why not.
 */
export function useFactsOfAnyRole(operation: string, facts?: Facts): Facts {
  const { gate, policy } = useGate();
  const known = useFacts(facts);
  const permission = policy?.operations?.[operation];
  const ofRoles = useRoles().map(({ id }) => ({ ...known, "grant.role": id }));
  const allowed = ofRoles.find(
    (facts) => permission !== undefined && gate.can(permission, undefined, facts),
  );
  return allowed ?? ofRoles[0] ?? known;
}

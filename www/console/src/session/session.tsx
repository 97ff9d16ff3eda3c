import { createContext, use, useCallback, useEffect, useState, type ReactNode } from "react";
import { readMe, signOut, type Me, type OrganizationName } from "../api/me.js";
import { onUnauthenticated, Problem } from "../api/request.js";

export type Session =
  | { readonly status: "loading" }
  | { readonly status: "anonymous" }
  | { readonly status: "signed-in"; readonly me: Me }
  | { readonly status: "failed"; readonly error: unknown };

interface SessionValue {
  readonly session: Session;
  /** Asks the edge again who this is. */
  readonly reload: () => Promise<void>;
  /** Says what an organization is called, or that the signed-in person is not in it (`null`). */
  readonly correct: (id: string, organization: OrganizationName | null) => void;
  readonly signOut: () => Promise<void>;
}

const SessionContext = createContext<SessionValue | null>(null);

export function useSession(): SessionValue {
  const value = use(SessionContext);
  if (value === null) {
    throw new Error("useSession needs a <SessionProvider> above it");
  }
  return value;
}

/** Who is signed in. Only pages inside the shell use it, where somebody always is. */
export function useMe(): Me {
  const { session } = useSession();
  if (session.status !== "signed-in") {
    throw new Error("useMe needs a signed-in session");
  }
  return session.me;
}

export function SessionProvider({ children }: { children: ReactNode }) {
  const [session, setSession] = useState<Session>({ status: "loading" });
  const [corrections, setCorrections] = useState<Corrections>(NO_CORRECTIONS);

  const reload = useCallback(async () => {
    try {
      setSession({ status: "signed-in", me: await readMe() });
    } catch (error) {
      const anonymous = error instanceof Problem && error.code === "unauthenticated";
      setSession((old) => {
        if (anonymous) return { status: "anonymous" };
        // A passing failure does not sign anybody out.
        return old.status === "signed-in" ? old : { status: "failed", error };
      });
    }
  }, []);

  useEffect(() => {
    void reload();
    return onUnauthenticated(() => setSession({ status: "anonymous" }));
  }, [reload]);

  const correct = useCallback((id: string, organization: OrganizationName | null) => {
    setCorrections((old) => {
      const same = old.has(id) && old.get(id)?.name === organization?.name;
      return same ? old : new Map(old).set(id, organization);
    });
  }, []);

  const leave = useCallback(async () => {
    await signOut();
    setSession({ status: "anonymous" });
    setCorrections(NO_CORRECTIONS);
  }, []);

  const value = { session: corrected(session, corrections), reload, correct, signOut: leave };
  return <SessionContext value={value}>{children}</SessionContext>;
}

/**
 * What this page has seen of organizations since it was loaded. The list that comes with `/v1/me`
 * is a copy that follows the organizations a little later; the organizations themselves are right.
 */
type Corrections = ReadonlyMap<string, OrganizationName | null>;

const NO_CORRECTIONS: Corrections = new Map();

function corrected(session: Session, corrections: Corrections): Session {
  if (session.status !== "signed-in" || corrections.size === 0) {
    return session;
  }
  const listed = new Map<string, OrganizationName | null>(
    session.me.organizations.map((organization) => [organization.id, organization]),
  );
  corrections.forEach((organization, id) => listed.set(id, organization));
  const organizations = [...listed.values()].filter((organization) => organization !== null);
  return { ...session, me: { ...session.me, organizations } };
}

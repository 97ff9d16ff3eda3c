import { createContext, use, useCallback, useEffect, useState, type ReactNode } from "react";
import { readMe, signOut, type Me, type OrganizationName } from "../api/me.js";
import { onUnauthenticated, Problem, turn } from "../api/request.js";

export type Session =
  | { readonly status: "loading" }
  | { readonly status: "anonymous" }
  /** `askedAtMs`: when the edge was asked, by this machine's clock. */
  | { readonly status: "signed-in"; readonly me: Me; readonly askedAtMs: number }
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
  const [corrections, setCorrections] = useState<Corrections>({ of: null, known: NOTHING });
  const user = session.status === "signed-in" ? session.me.user.id : null;

  const reload = useCallback(async () => {
    const before = turn();
    try {
      const session = await ask();
      if (turn() === before) setSession(session);
    } catch (error) {
      if (turn() !== before) return;
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

  useEffect(() => {
    // All tabs have one session: in another one somebody may have signed out, and somebody else in.
    const look = () => {
      if (document.visibilityState === "visible") {
        const before = turn();
        ask().then(
          (session) => turn() === before && setSession(session),
          // Who is not signed in any more was said already; any other failure passes.
          () => undefined,
        );
      }
    };
    window.addEventListener("focus", look);
    document.addEventListener("visibilitychange", look);
    return () => {
      window.removeEventListener("focus", look);
      document.removeEventListener("visibilitychange", look);
    };
  }, []);

  const correct = useCallback(
    (id: string, organization: OrganizationName | null) => {
      setCorrections((old) => {
        const known = old.of === user ? old.known : NOTHING;
        return { of: user, known: new Map(known).set(id, { organization, atMs: Date.now() }) };
      });
    },
    [user],
  );

  const leave = useCallback(async () => {
    await signOut();
    setSession({ status: "anonymous" });
  }, []);

  const value = { session: corrected(session, corrections), reload, correct, signOut: leave };
  return <SessionContext value={value}>{children}</SessionContext>;
}

async function ask(): Promise<Extract<Session, { status: "signed-in" }>> {
  const askedAtMs = Date.now();
  return { status: "signed-in", me: await readMe(), askedAtMs };
}

/** How long after a change of an organization the list of `/v1/me` may still be without it, in milliseconds. */
const FOLLOWS_MS = 60_000;

/**
 * What this page has seen of organizations. The list that comes with `/v1/me` is a copy that follows
 * the organizations a little later; the organizations themselves are right, until a list that was
 * asked for later still knows better. What one person has seen is nothing for the next one at this
 * browser.
 */
interface Corrections {
  readonly of: string | null;
  readonly known: ReadonlyMap<string, { organization: OrganizationName | null; atMs: number }>;
}

const NOTHING: Corrections["known"] = new Map();

function corrected(session: Session, corrections: Corrections): Session {
  if (session.status !== "signed-in" || session.me.user.id !== corrections.of) {
    return session;
  }
  const listed = new Map<string, OrganizationName | null>(
    session.me.organizations.map((organization) => [organization.id, organization]),
  );
  corrections.known.forEach(({ organization, atMs }, id) => {
    if (session.askedAtMs < atMs + FOLLOWS_MS) listed.set(id, organization);
  });
  const organizations = [...listed.values()].filter((organization) => organization !== null);
  return { ...session, me: { ...session.me, organizations } };
}

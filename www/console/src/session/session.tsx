import { createContext, use, useCallback, useEffect, useRef, useState, type ReactNode } from "react";
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
  /** Says that nobody is signed in here any more. */
  readonly left: () => void;
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

  const left = useCallback(() => setSession({ status: "anonymous" }), []);
  const asks = useRef(0);
  const taken = useRef(0);

  const look = useCallback(async () => {
    const before = turn();
    const ask = ++asks.current;
    const askedAtMs = Date.now();
    const me = await readMe();
    // What was asked for before somebody signed in or out, or before what is here already, says less.
    if (turn() === before && ask > taken.current) {
      taken.current = ask;
      setSession({ status: "signed-in", me, askedAtMs });
    }
  }, []);

  const reload = useCallback(async () => {
    const before = turn();
    try {
      await look();
    } catch (error) {
      if (turn() !== before) return;
      const anonymous = error instanceof Problem && error.code === "unauthenticated";
      setSession((old) => {
        if (anonymous) return { status: "anonymous" };
        // A passing failure does not sign anybody out.
        return old.status === "signed-in" ? old : { status: "failed", error };
      });
    }
  }, [look]);

  useEffect(() => {
    void reload();
    return onUnauthenticated(left);
  }, [reload, left]);

  useEffect(() => {
    // All tabs have one session: in another one somebody may have signed out, and somebody else in.
    const seen = () => {
      if (document.visibilityState === "visible") {
        // Who is not signed in any more was said already; any other failure passes.
        look().catch(() => undefined);
      }
    };
    window.addEventListener("focus", seen);
    document.addEventListener("visibilitychange", seen);
    return () => {
      window.removeEventListener("focus", seen);
      document.removeEventListener("visibilitychange", seen);
    };
  }, [look]);

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
    left();
  }, [left]);

  const value = { session: corrected(session, corrections), reload, correct, signOut: leave, left };
  return <SessionContext value={value}>{children}</SessionContext>;
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

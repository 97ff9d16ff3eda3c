import { createContext, use, useCallback, useEffect, useState, type ReactNode } from "react";
import { readMe, signOut, type Me } from "../api/me.js";
import { onUnauthenticated, Problem } from "../api/request.js";

export type Session =
  | { readonly status: "loading" }
  | { readonly status: "anonymous" }
  | { readonly status: "signed-in"; readonly me: Me }
  | { readonly status: "failed"; readonly error: unknown };

interface SessionValue {
  readonly session: Session;
  /** Asks the edge again who this is, for instance after an organization was created or left. */
  readonly reload: () => Promise<void>;
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

  const leave = useCallback(async () => {
    await signOut();
    setSession({ status: "anonymous" });
  }, []);

  return (
    <SessionContext value={{ session, reload, signOut: leave }}>{children}</SessionContext>
  );
}

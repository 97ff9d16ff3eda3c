import { useEffect } from "react";
import { useGate } from "@lockstep/react";
import { useMe, useSession } from "../session/session.js";

/** How long after an answer that did not help the edge is asked again who is signed in, in milliseconds. */
const RETRY_MS = 2_000;

/**
 * Whether the gate is of the person whose page this is. All tabs have one session: when the edge answers
 * somebody else, or no member, it is asked who is signed in, and the page follows.
 */
export function useSamePerson(): boolean {
  const { gate, status } = useGate();
  const { reload } = useSession();
  const isOther = gate.principal !== "" && gate.principal !== useMe().user.id;
  const isGone = status === "not-found";

  useEffect(() => {
    if (!isOther && !isGone) {
      return;
    }
    let waits = isOther;
    let timer: ReturnType<typeof setTimeout> | undefined;
    const ask = async () => {
      await reload();
      // Any answer may fail, and a page of somebody else waits for nothing but this one.
      if (waits) {
        timer = setTimeout(() => void ask(), RETRY_MS);
      }
    };
    void ask();
    return () => {
      waits = false;
      clearTimeout(timer);
    };
  }, [isOther, isGone, reload]);

  return !isOther;
}

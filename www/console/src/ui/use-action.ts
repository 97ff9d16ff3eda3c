import { useState } from "react";
import { messageOf } from "../api/request.js";
import { useHeld } from "./dialog.js";

/** Runs one thing at a time and keeps what to say when it fails. A dialog around stays open meanwhile. */
export function useAction<Arguments extends unknown[]>(
  action: (...args: Arguments) => Promise<void>,
) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);
  const { hold } = useHeld();

  async function run(...args: Arguments): Promise<void> {
    if (busy) {
      return;
    }
    setBusy(true);
    hold(true);
    setError(null);
    try {
      await action(...args);
    } catch (cause) {
      setError(messageOf(cause));
    } finally {
      setBusy(false);
      hold(false);
    }
  }

  return { run, busy, error, clear: () => setError(null) };
}

import { useState } from "react";
import { messageOf } from "../api/request.js";

/** Runs one thing at a time and keeps what to say when it fails. */
export function useAction<Arguments extends unknown[]>(
  action: (...args: Arguments) => Promise<void>,
) {
  const [busy, setBusy] = useState(false);
  const [error, setError] = useState<string | null>(null);

  async function run(...args: Arguments): Promise<void> {
    if (busy) {
      return;
    }
    setBusy(true);
    setError(null);
    try {
      await action(...args);
    } catch (cause) {
      setError(messageOf(cause));
    } finally {
      setBusy(false);
    }
  }

  return { run, busy, error, clear: () => setError(null) };
}

import { useCallback, useEffect, useRef, useState } from "react";
import { Problem } from "../api/request.js";

export type Read<T> =
  | { readonly status: "loading"; readonly data: undefined; readonly error: undefined }
  | { readonly status: "ready"; readonly data: T; readonly error: undefined }
  | { readonly status: "failed"; readonly data: T | undefined; readonly error: unknown };

/** What was read, and the way to read it again. */
export type Reading<T> = Read<T> & { readonly reload: () => void };

/**
 * Reads something from the edge, again whenever `key` or `version` changes. A new `key` is another
 * thing, so it starts empty; a new `version` is the same thing later, so what was read stays on the
 * page until the new answer is there, or the edge refuses it to whoever asks. A read that is under way
 * then ends first: what takes longer than the time between two changes would never be shown otherwise.
 */
export function useRead<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<T>,
  version: number | string = 0,
): Reading<T> {
  const [held, setHeld] = useState<{ key: string; read: Read<T> }>({ key, read: LOADING });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((round) => round + 1), []);
  const start = useRef(() => {});

  useEffect(() => {
    const abort = new AbortController();
    const { signal } = abort;
    let running = false;
    let again = false;

    async function run(): Promise<void> {
      if (running) {
        again = true;
        return;
      }
      running = true;
      do {
        again = false;
        try {
          const data = await read(signal);
          if (!signal.aborted) {
            setHeld({ key, read: { status: "ready", data, error: undefined } });
          }
        } catch (error) {
          if (!signal.aborted) {
            setHeld((old) => {
              const data = old.key === key && !refuses(error) ? old.read.data : undefined;
              return { key, read: { status: "failed", data, error } };
            });
          }
        }
      } while (again && !signal.aborted);
      running = false;
    }

    start.current = () => void run();
    return () => abort.abort();
    // `read` is a new closure at every render; `key` stands for what it reads.
  }, [key]);

  useEffect(() => start.current(), [key, version, round]);

  return { ...(held.key === key ? held.read : LOADING), reload };
}

/** Whether the edge says that what was asked for is nothing for whoever asks. */
function refuses(error: unknown): boolean {
  return error instanceof Problem && [401, 403, 404].includes(error.status);
}

const LOADING = { status: "loading", data: undefined, error: undefined } as const;

import { useCallback, useEffect, useState } from "react";

export type Read<T> =
  | { readonly status: "loading"; readonly data: undefined; readonly error: undefined }
  | { readonly status: "ready"; readonly data: T; readonly error: undefined }
  | { readonly status: "failed"; readonly data: T | undefined; readonly error: unknown };

/**
 * Reads something from the edge, again whenever `key` or `version` changes. A new `key` is another
 * thing, so it starts empty; a new `version` is the same thing later, so what was read stays on the
 * page until the new answer is there.
 */
export function useRead<T>(
  key: string,
  read: (signal: AbortSignal) => Promise<T>,
  version: number = 0,
): Read<T> & { readonly reload: () => void } {
  const [held, setHeld] = useState<{ key: string; read: Read<T> }>({ key, read: LOADING });
  const [round, setRound] = useState(0);
  const reload = useCallback(() => setRound((round) => round + 1), []);

  useEffect(() => {
    const abort = new AbortController();
    read(abort.signal).then(
      (data) => {
        if (!abort.signal.aborted) {
          setHeld({ key, read: { status: "ready", data, error: undefined } });
        }
      },
      (error: unknown) => {
        if (!abort.signal.aborted) {
          setHeld((old) => ({
            key,
            read: { status: "failed", data: old.key === key ? old.read.data : undefined, error },
          }));
        }
      },
    );
    return () => abort.abort();
    // `read` is a new closure at every render; `key` stands for what it reads.
  }, [key, version, round]);

  return { ...(held.key === key ? held.read : LOADING), reload };
}

const LOADING = { status: "loading", data: undefined, error: undefined } as const;

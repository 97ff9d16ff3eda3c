import { createContext, use, useCallback, useEffect, useState, type ReactNode } from "react";

const AnnounceContext = createContext<(text: ReactNode) => void>(() => undefined);

/** How long a result stays on the page, in milliseconds. */
const SHOWN_MS = 6_000;

/** Says the result of an action, on the page and to assistive technology. */
export function useAnnounce(): (text: ReactNode) => void {
  return use(AnnounceContext);
}

export function Announcer({ children }: { children: ReactNode }) {
  const [said, setSaid] = useState<{ text: ReactNode } | null>(null);
  const announce = useCallback((text: ReactNode) => setSaid({ text }), []);

  useEffect(() => {
    if (said) {
      const timer = setTimeout(() => setSaid(null), SHOWN_MS);
      return () => clearTimeout(timer);
    }
  }, [said]);

  return (
    <AnnounceContext value={announce}>
      {children}
      {/* The region is always there: one that appears together with its text is often not read. */}
      <div className="announcer" role="status" aria-live="polite">
        {said && <p className="announcement">{said.text}</p>}
      </div>
    </AnnounceContext>
  );
}

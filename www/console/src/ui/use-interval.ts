import { useEffect, useState } from "react";

/** A number that rises every so many milliseconds while the page is visible, and when it becomes so. */
export function useInterval(everyMs: number): number {
  const [count, setCount] = useState(0);

  useEffect(() => {
    const tick = () => {
      if (document.visibilityState === "visible") {
        setCount((count) => count + 1);
      }
    };
    const timer = setInterval(tick, everyMs);
    document.addEventListener("visibilitychange", tick);
    return () => {
      clearInterval(timer);
      document.removeEventListener("visibilitychange", tick);
    };
  }, [everyMs]);

  return count;
}

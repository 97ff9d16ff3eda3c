import { useEffect, useRef, type ReactNode } from "react";

/**
 * The heading of a page. It names the tab and takes focus when the page is shown, so that a
 * keyboard or a screen reader starts there and not where the last page was left.
 */
export function PageTitle({ title, children }: { title: string; children?: ReactNode }) {
  const heading = useRef<HTMLHeadingElement>(null);

  useEffect(() => {
    document.title = `${title} · Lockstep`;
  }, [title]);

  useEffect(() => {
    // A form that starts the page may have taken focus already; it knows better. So does who has opened a menu.
    if (!document.activeElement?.closest("main, [popover]:popover-open")) {
      heading.current?.focus({ preventScroll: true });
    }
    window.scrollTo(0, 0);
  }, []);

  return (
    <h1 ref={heading} tabIndex={-1}>
      {children ?? title}
    </h1>
  );
}

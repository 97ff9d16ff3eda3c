import { useEffect, useId, useRef, type FocusEvent, type ReactNode } from "react";

interface SectionProps {
  readonly title: string;
  readonly count?: number | undefined;
  readonly children: ReactNode;
}

/** A titled part of a page. When what had focus in it goes away, its title takes over. */
export function Section({ title, count, children }: SectionProps) {
  const id = useId();
  const heading = useRef<HTMLHeadingElement>(null);
  const focused = useRef<Element | null>(null);

  useEffect(() => {
    if (focused.current && !focused.current.isConnected) {
      focused.current = null;
      if (document.activeElement === document.body) {
        heading.current?.focus({ preventScroll: true });
      }
    }
  });

  const leave = ({ relatedTarget }: FocusEvent) => {
    // Without a next element it may just be going away, which is what the effect looks for.
    if (relatedTarget !== null) {
      focused.current = null;
    }
  };

  return (
    <section
      className="card section"
      aria-labelledby={id}
      onFocus={(event) => (focused.current = event.target)}
      onBlur={leave}
    >
      <h2 className="section-title" id={id} ref={heading} tabIndex={-1}>
        {title}
        {count !== undefined && <span className="section-count">{count}</span>}
      </h2>
      {children}
    </section>
  );
}

import { useId, type ReactNode } from "react";

interface SectionProps {
  readonly title: string;
  readonly count?: number | undefined;
  readonly children: ReactNode;
}

/** A titled part of a page. */
export function Section({ title, count, children }: SectionProps) {
  const id = useId();
  return (
    <section className="card section" aria-labelledby={id}>
      <h2 className="section-title" id={id}>
        {title}
        {count !== undefined && <span className="section-count">{count}</span>}
      </h2>
      {children}
    </section>
  );
}

import type { ReactNode } from "react";
import { Link, pathTo } from "../router.js";
import { Mark } from "./icon.js";
import { PageTitle } from "./page-title.js";

/** A page that is one card, for those who are not (or not yet) inside an organization. */
export function CardPage({ title, children }: { title: string; children: ReactNode }) {
  return (
    <main className="card-page">
      <Link href={pathTo.home} className="brand">
        <Mark />
        <span>Lockstep</span>
      </Link>
      <div className="card card-narrow stack">
        <PageTitle title={title} />
        {children}
      </div>
    </main>
  );
}

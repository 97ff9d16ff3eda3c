import type { ReactNode } from "react";
import { messageOf } from "../api/request.js";

/** Something the person must know. An error is announced as soon as it appears. */
export function Notice({ tone, children }: { tone: "error" | "info"; children: ReactNode }) {
  return (
    <div className={`notice notice-${tone}`} role={tone === "error" ? "alert" : undefined}>
      {children}
    </div>
  );
}

/** The error of a form or action, if there is one. */
export function ErrorNotice({ error }: { error: string | null }) {
  return error === null ? null : <Notice tone="error">{error}</Notice>;
}

/** What could not be read, with the way to try again. */
export function Failed({ error, onRetry }: { error: unknown; onRetry: () => void }) {
  return (
    <Notice tone="error">
      <p>{messageOf(error)}</p>
      <button type="button" className="button button-small" onClick={onRetry}>
        Try again
      </button>
    </Notice>
  );
}

/** Grey lines where rows will be. */
export function Loading({ rows = 3, label }: { rows?: number; label: string }) {
  return (
    <div className="loading" role="status">
      <span className="visually-hidden">{label}</span>
      {Array.from({ length: rows }, (_, row) => (
        <span key={row} className="loading-row" />
      ))}
    </div>
  );
}

/** What to say when a list has nothing in it. */
export function Empty({ title, children }: { title: string; children?: ReactNode }) {
  return (
    <div className="empty">
      <p className="empty-title">{title}</p>
      {children}
    </div>
  );
}

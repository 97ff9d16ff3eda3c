const date = new Intl.DateTimeFormat(undefined, { dateStyle: "medium" });
const dateTime = new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" });
const relative = new Intl.RelativeTimeFormat(undefined, { numeric: "auto" });

const UNITS = [
  ["day", 86_400_000],
  ["hour", 3_600_000],
  ["minute", 60_000],
] as const;

/** A day, such as "22 Nov 2026". */
export function day(ms: number): string {
  return date.format(ms);
}

/** A day with the time of day. */
export function moment(ms: number): string {
  return dateTime.format(ms);
}

/** How far away a moment is, such as "in 7 days" or "2 minutes ago". */
export function distance(ms: number, nowMs: number = Date.now()): string {
  for (const [unit, length] of UNITS) {
    if (Math.abs(ms - nowMs) >= length) {
      return relative.format(Math.round((ms - nowMs) / length), unit);
    }
  }
  return relative.format(0, "minute");
}

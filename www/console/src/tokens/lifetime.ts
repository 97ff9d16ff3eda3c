const DAY_S = 86_400;

const UNITS = [
  ["day", DAY_S],
  ["hour", 3_600],
  ["minute", 60],
] as const;

/** What is offered: `null` is for ever. */
const LIFETIMES: readonly (number | null)[] = [7 * DAY_S, 30 * DAY_S, 90 * DAY_S, null];

/** What is chosen first: nobody should have to choose that a secret ends. */
const LIFETIME = 30 * DAY_S;

/** Whether a token of this lifetime is one that an organization takes, which takes them for so long. */
export function isTaken(lifetimeS: number | null, maxS: number | null): boolean {
  return maxS === null || (lifetimeS !== null && lifetimeS <= maxS);
}

/** The choices, with the longest that the organization takes, and which one comes first. */
export function lifetimes(maxS: number | null) {
  const own = maxS === null || LIFETIMES.includes(maxS) ? [] : [maxS];
  const all = [...own, ...LIFETIMES].sort((a, b) => (a ?? Infinity) - (b ?? Infinity));
  return {
    first: String(isTaken(LIFETIME, maxS) ? LIFETIME : maxS),
    options: all.map((lifetimeS) => ({
      value: String(lifetimeS ?? ""),
      text: named(lifetimeS) + (isTaken(lifetimeS, maxS) ? "" : " (longer than this organization takes)"),
    })),
  };
}

function named(lifetimeS: number | null): string {
  if (lifetimeS === null) {
    return "No expiry";
  }
  const [unit, length] = UNITS.find(([, length]) => lifetimeS % length === 0) ?? ["second", 1];
  const count = lifetimeS / length;
  return `${count} ${unit}${count === 1 ? "" : "s"}`;
}

/** Seconds, or `null` for ever. */
export function lifetimeOf(text: string): number | null {
  return text === "" ? null : Number(text);
}

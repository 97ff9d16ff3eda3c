const DAY_S = 86_400;

export const LIFETIMES = [
  { value: String(7 * DAY_S), text: "7 days" },
  { value: String(30 * DAY_S), text: "30 days" },
  { value: String(90 * DAY_S), text: "90 days" },
  { value: "", text: "No expiry" },
];

/** What is offered first: nobody should have to choose that a secret ends. */
export const LIFETIME = LIFETIMES[1]?.value;

/** Seconds, or `null` for ever. */
export function lifetimeOf(text: string): number | null {
  return text === "" ? null : Number(text);
}

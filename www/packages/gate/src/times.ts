/**
 * How long things may take, in milliseconds. They are alone in this file for the same reason as the numbers in
 * numbers.ts.
 */

/** How long the edge may take to answer, and the evaluator to come from an address. */
export const TIMEOUT_MS = 10_000;

/** First and longest wait before another attempt. */
export const RETRY_FIRST_MS = 250;
export const RETRY_MAX_MS = 30_000;

/** How long a stream may say nothing: two and a half of the edge's heartbeats. */
export const SILENCE_MAX_MS = 37_500;

/**
 * Shortest and longest wait between reads of what is announced: in a row of changes thousands of pages would read
 * at each, and all at once.
 */
export const PAUSE_MIN_MS = 250;
export const PAUSE_MAX_MS = 750;

/** Longest wait for the end of a right: a timer stands still while its machine sleeps. */
export const WAIT_MAX_MS = 10_000;

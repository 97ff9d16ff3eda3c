/**
 * The numbers by which a gate and its evaluator understand each other. They are alone in this file, because esbuild
 * writes constants in their places only from a file that begins with them.
 */

/** The answers in the evaluator's table; 0 is no. */
export const ALLOW = 1;
export const DEPENDS_ON_FACTS = 2;

/** What the evaluator can be asked for (`lockstep_gate::Evaluator::ask`). */
export const PERMISSION = 0;
export const NODE = 1;
export const LEVEL = 2;
export const ANSWER = 3;
export const ANSWERS = 4;
export const DECISION = 5;
export const STATUS = 6;
export const FIND_PERMISSION = 7;
export const FIND_NODE = 8;
export const POLICY = 9;
export const SNAPSHOT = 10;

/** What lies where the evaluator points to, by the places of the numbers. */
export const EPOCH = 0;
export const SERVER_TIME = 1;
export const CHANGES_AT = 2;
export const TABLE = 3;
export const COUNT = 4;
export const STARTS = 5;
export const NODES = 6;
export const STRIDE = 7;
export const IS_READY = 8;
export const SAID = 9;
export const SAID_LENGTH = 10;
export const FOUND = 11;

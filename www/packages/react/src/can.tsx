import type { ReactNode } from "react";
import { useCan, type Question } from "./gate-context.js";

export interface CanProps extends Question {
  readonly children: ReactNode;
  /** Shown to those who may not; defaults to nothing. */
  readonly fallback?: ReactNode;
}

/** Shows its children to those who may. */
export function Can({ permission, node, facts, children, fallback = null }: CanProps) {
  return useCan(permission, node, facts) ? children : fallback;
}

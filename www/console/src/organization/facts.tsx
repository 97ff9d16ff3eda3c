import { createContext, use } from "react";
import type { Facts } from "@lockstep/gate";

/**
 * What the directory states with every question, about the organization and the person: rules and
 * guards may go by it, and a fact that is missing denies.
 */
export const FactsContext = createContext<Facts>({});

/** These facts, and those about what is asked. */
export function useFacts(facts?: Facts): Facts {
  return { ...use(FactsContext), ...facts };
}

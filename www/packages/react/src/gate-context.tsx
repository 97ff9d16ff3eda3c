import { createContext, use, useEffect, useSyncExternalStore, type ReactNode } from "react";
import type {
  Decision,
  Facts,
  GateState,
  GateStore,
  Masks,
  Row,
  Sentences,
} from "@lockstep/gate";

const GateContext = createContext<GateStore | null>(null);

/** What is asked: may the signed-in person do this, there, given these facts? */
export interface Question {
  readonly permission: string;
  /** The organization when left out. */
  readonly node?: string | undefined;
  readonly facts?: Facts | undefined;
}

/**
 * Gives everything below it the gate of one organization, made with `connect`, and follows the organization for as
 * long as it is there: a page on which nothing is gated forgets nothing.
 */
export function GateProvider({ store, children }: { store: GateStore; children: ReactNode }) {
  useEffect(() => store.subscribe(() => {}), [store]);
  return <GateContext value={store}>{children}</GateContext>;
}

/** The gate of the nearest provider with its state; renders again when an answer may have changed. */
export function useGate(): GateState {
  const store = use(GateContext);
  if (store === null) {
    throw new Error("useGate needs a <GateProvider> above it");
  }
  // A page that takes over what a server rendered begins with the same, however much it has read by then.
  return useSyncExternalStore(store.subscribe, store.getSnapshot, store.getServerSnapshot);
}

/** Whether the signed-in person may. A hint for the page: the edge enforces. */
export function useCan(permission: string, node?: string, facts?: Facts): boolean {
  return useGate().gate.can(permission, node, facts);
}

/** The same answer with its reasons, in `sentences` where it has them. */
export function useDecision(
  permission: string,
  node?: string,
  facts?: Facts,
  sentences?: Sentences,
): Decision {
  return useGate().gate.explain(permission, node, facts, sentences);
}

/** Every action on each row of a page; renders again when an answer may have changed. */
export function useMasks(rows: readonly Row[]): Masks {
  return useGate().gate.masks(rows);
}

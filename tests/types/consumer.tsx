// A product that uses the packages as they are shipped. It is only type-checked, as a bundler's project and
// as one of Node's, and with it the declarations of the packages themselves.

import {
  connect,
  createGate,
  type ConnectOptions,
  type Gate,
  type GateStore,
  type Row,
  type WasmSource,
} from "@lockstep/gate";
import { Can, GatedButton, GateProvider, useCan } from "@lockstep/react";

export const store: GateStore = connect({ organization: "org_a" });

/** What a product may know or not is handed on as it is, also with `exactOptionalPropertyTypes`. */
type Maybe<T> = { readonly [member in keyof T]: T[member] | undefined };

export function storeOf(organization: string, rest: Maybe<Omit<ConnectOptions, "organization">>): GateStore {
  return connect({ organization, ...rest });
}

export function rowsOf(gate: Gate, rows: readonly Maybe<Row>[]): boolean {
  return gate.masks(rows).can("invite", 0);
}

export async function gateOf(policy: string, snapshot: Uint8Array, wasm: WasmSource): Promise<Gate> {
  const gate = await createGate({ policy, snapshot, wasm });
  gate.explain("invite", "wsp_a", { "target.self": false }).reasons[0]?.text.trim();
  return gate;
}

export function Page() {
  return (
    <GateProvider store={store}>
      <GatedButton permission="invite" className="primary" aria-describedby="hint">
        Invite
      </GatedButton>
      <Can permission="invite" fallback={<p>Ask an admin.</p>}>
        <Invitations />
      </Can>
    </GateProvider>
  );
}

function Invitations() {
  return useCan("read", "wsp_a") ? <ul /> : null;
}

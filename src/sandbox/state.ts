import { CallLog } from './call-log.ts';
import { applies, type Faults } from './faults.ts';
import type { Body } from './operations/operation.ts';
import { makeWorld, type World, type WorldSettings } from './world.ts';

/** The state that both servers share. The control server changes it. */
export interface SandboxState {
  world: World;
  /** The faults of the operations without faults of their own. */
  faults: Faults;
  readonly operationFaults: Map<string, Faults>;
  readonly startFaults: Faults;
  readonly calls: CallLog;
  restoreWorld(): void;
}

export function makeState(settings: WorldSettings, startFaults: Faults): SandboxState {
  const state: SandboxState = {
    world: makeWorld(settings),
    faults: startFaults,
    operationFaults: new Map(),
    startFaults,
    calls: new CallLog(),
    restoreWorld: () => {
      state.world = makeWorld(settings);
    },
  };
  return state;
}

/** Returns the faults of an operation, and counts the call if they are limited to a number of calls. */
export function faultsOfCall(state: SandboxState, operation: string, body: Body): Faults {
  const own = state.operationFaults.get(operation);
  const faults = own ?? state.faults;
  if (faults.calls === null || !applies(faults, body)) return faults;
  const remaining = { ...faults, calls: faults.calls - 1 };
  if (own) state.operationFaults.set(operation, remaining);
  else state.faults = remaining;
  return faults;
}

import { CallLog } from './call-log.ts';
import type { Faults } from './faults.ts';
import { makeWorld, type World, type WorldSettings } from './world.ts';

/** The state that both servers share. The control server changes it. */
export interface SandboxState {
  world: World;
  faults: Faults;
  readonly startFaults: Faults;
  readonly calls: CallLog;
  restoreWorld(): void;
}

export function makeState(settings: WorldSettings, startFaults: Faults): SandboxState {
  const state: SandboxState = {
    world: makeWorld(settings),
    faults: startFaults,
    startFaults,
    calls: new CallLog(),
    restoreWorld: () => {
      state.world = makeWorld(settings);
    },
  };
  return state;
}

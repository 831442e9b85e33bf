import { jest } from '@jest/globals';
import { remoteKeySet, type JwksOptions, type JwksState } from '../../src/auth/jwks.ts';
import type { KeySet } from '../../src/auth/key-set.ts';
import { newKey } from './issuer.ts';

export const one = newKey('one');
export const two = newKey('two');

const start = () => ({
  now: 1_000_000,
  published: { keys: [one.jwk] } as unknown,
  /** The code of the error that each fetch throws. */
  failing: undefined as string | undefined,
  fetches: 0,
  states: [] as JwksState[],
});

/** Registers fake timers and an issuer without a network for the tests of a file. */
export function scriptedJwks() {
  const world = start();
  let open: KeySet[] = [];

  beforeEach(() => {
    jest.useFakeTimers();
    Object.assign(world, start());
    open = [];
  });
  afterEach(() => {
    for (const set of open) set.close();
    jest.useRealTimers();
  });

  function keySet(options: Partial<JwksOptions> = {}): KeySet {
    const set = remoteKeySet({
      fetchJwks: async () => {
        world.fetches += 1;
        const { failing } = world;
        if (failing !== undefined) throw Object.assign(new Error(failing), { code: failing });
        return world.published;
      },
      algorithms: new Set(['ES256', 'RS256', 'PS256']),
      refreshMs: 300_000,
      minDemandMs: 5000,
      maxKeys: 100,
      monotonicNow: () => world.now,
      random: () => 1,
      onFetched: (state) => world.states.push(state),
      ...options,
    });
    open.push(set);
    return set;
  }
  async function pass(ms: number): Promise<void> {
    world.now += ms;
    await jest.advanceTimersByTimeAsync(ms);
  }
  return { world, keySet, pass };
}

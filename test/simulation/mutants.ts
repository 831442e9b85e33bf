import { registerHooks } from 'node:module';

/** A change of the source that breaks one point of the protocol. */
export interface Mutant {
  readonly name: string;
  /** A schedule that fails with it. */
  readonly seed: number;
  /** A file of `src/cache`. */
  readonly file: string;
  readonly from: string;
  readonly to: string;
}

export const MUTANTS: readonly Mutant[] = [
  {
    name: 'no birth bound',
    seed: 50,
    file: 'near-part-store.ts',
    from: 'Math.max(now() - ttlMs, gapAt)',
    to: 'gapAt',
  },
  {
    name: 'maximum for minimum',
    seed: 2490,
    file: 'near-part-store.ts',
    from: 'storeNear(ref, generation, changes, { confirmedAt: -Infinity, version })',
    to: 'storeNear(ref, generation, changes, { confirmedAt: now(), version })',
  },
  {
    name: 'no replay',
    seed: 100,
    file: 'redis-invalidations.ts',
    from: 'redis.onRecovery(async ({ connection, server }) =>',
    to: 'redis.onRecovery(async ({ connection, server }) => false &&',
  },
  {
    name: 'replay on one connection',
    seed: 700000080,
    file: 'redis-invalidations.ts',
    from: 'redis.onRecovery(async ({ connection, server }) =>',
    to: "redis.onRecovery(async ({ connection, server }) => connection === 'commands' &&",
  },
  {
    name: 'unconfirmed 204',
    seed: 2090,
    file: 'redis-invalidations.ts',
    from: 'if (!(await run(',
    to: 'await run(keysOf(item), argumentsOf(item, true)); if (false && !(await run(',
  },
  {
    name: 'last arrival wins',
    seed: 11,
    file: 'merge-entries.ts',
    from: "if (one.generation === '' || one.generation !== other.generation) return isBornLater(one, other);",
    to: 'return true;',
  },
  {
    name: 'close without open',
    seed: 810,
    file: 'redis-invalidations.ts',
    from: 'const open = () => announce(org, contact, { token, closeMs: 0 });',
    to: 'const open = async () => {};',
  },
  {
    name: 'open without close',
    seed: 30800,
    file: 'redis-invalidations.ts',
    from: 'await close(options.fenceMs);',
    to: '',
  },
];

/** Breaks a file of the cache for every import from now on. Throws on import if the text is not in it once. */
export function applyMutant({ file, from, to }: Mutant): void {
  registerHooks({
    load(url, context, nextLoad) {
      const loaded = nextLoad(url, context);
      if (!url.endsWith(`/src/cache/${file}`)) return loaded;
      const source = Buffer.from(loaded.source as Uint8Array).toString();
      if (source.split(from).length !== 2) throw new Error(`${file} does not contain the text once: ${from}`);
      return { ...loaded, source: source.replace(from, () => to) };
    },
  });
}

import type { RedisValue } from '../../src/redis/run-script.ts';
import type { Announced, Checker } from './checker.ts';
import type { SimulatedRedis } from './simulated-redis.ts';

export interface WatchOptions {
  /** The number of the process. */
  readonly index: number;
  readonly checker: Checker;
  /** The open announcement of each reference, by which processes acknowledge. */
  readonly references: Map<string, Announced>;
  readonly now: () => number;
}

type Keys = readonly [string, ...string[]];

/** Returns the Redis of a process, and notes each announcement that it sends, and its effect. */
export function watchedRedis(
  redis: SimulatedRedis,
  { index, checker, references, now }: WatchOptions,
): SimulatedRedis {
  const watched = Object.create(redis) as SimulatedRedis;
  const bound = (name: keyof SimulatedRedis) =>
    Object.defineProperty(watched, name, { value: (redis[name] as () => void).bind(redis) });
  for (const name of [
    'script',
    'removeMatching',
    'subscribe',
    'onGap',
    'onRecovery',
    'serverOf',
    'isSettled',
    'isUp',
  ] as const)
    bound(name);
  const announcedBy = (args: readonly RedisValue[]): Announced | undefined => {
    const [, contact = '', reference = ''] = String(args[1]).split('|');
    const open = checker.announced.findLast(
      (one) => one.process === index && `c${one.contact}` === contact && one.acknowledgedAt === Infinity,
    );
    if (open) references.set(reference, open);
    return open;
  };
  const effective = <T>(run: (keys: Keys, args: readonly RedisValue[]) => Promise<T>) => {
    return async (keys: Keys, args: readonly RedisValue[]): Promise<T> => {
      const open = announcedBy(args);
      const result = await run(keys, args);
      if (open?.acknowledgedAt === Infinity) open.effectAt = now();
      return result;
    };
  };
  watched.durableScript = (lua, waitMs) => effective(redis.durableScript(lua, waitMs));
  watched.longTimeoutScript = (lua, connection) => effective(redis.longTimeoutScript(lua, connection));
  return watched;
}

import { Redis } from 'ioredis';
import { CLAIM, INVALIDATE, NUMBER_LENGTH, PUBLISH, RENEW, SETTLE } from '../../src/cache/redis-scripts.ts';
import { READ } from '../../src/redis/stored-value.ts';
import { randomFrom } from '../../src/sandbox/random.ts';
import { startRedis } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';
import { SimulatedServer } from './simulated-server.ts';

const SEED = Date.now() % 2 ** 31;
const [GENERATION, FENCE, CHANNEL] = ['{o|c}:gen', '{o|c}:fence', 'channel'] as const;
const PARTS = ['a', 'b', 'c'].map((name) => `{o|c}:m:${name}`);
const LEASES = PARTS.map((key) => `${key}:lease`);
/** All durations are multiples of this, so that the duration of the test is not part of the comparison. */
const UNIT_MS = 1_000_000;

type Argument = string | number | Buffer;

/** Returns the value with text for bytes, and with durations in units. */
function comparable(value: unknown): unknown {
  if (value instanceof Buffer) return value.toString('latin1');
  if (typeof value === 'number') return Math.abs(value) < 1000 ? value : Math.round(value / UNIT_MS);
  if (Array.isArray(value)) return value.map(comparable);
  return value ?? null;
}

test(`runs the scripts as Redis does, on random commands of seed ${SEED}`, async () => {
  const server = await startRedis();
  const [redis, subscriber] = [new Redis(server.port), new Redis(server.port)];
  const published: { simulated: string[]; real: string[] } = { simulated: [], real: [] };
  const simulated = new SimulatedServer('s', () => Date.now() - 1_000_000, {
    onPublish: (_server, channel, message) => void published.simulated.push(`${channel} ${message}`),
    onWrite: () => {},
  });
  try {
    await subscriber.subscribe(CHANNEL);
    subscriber.on('message', (channel, message) => void published.real.push(`${channel} ${message}`));
    const random = randomFrom(SEED);
    const isOften = (percent: number) => random.below(100) < percent;
    const some = <T>(from: readonly T[]): T[] => from.filter(() => isOften(50));
    const claims: { token: string; number: number; owned: string[]; time: readonly [number, number] }[] = [];

    /** Runs a script on both, compares the replies, and returns them. */
    const both = async (lua: string, keys: string[], args: Argument[], simulatedArgs = args) => {
      const real: unknown = await redis.callBuffer('EVAL', lua, String(keys.length), ...keys, ...args);
      const other = simulated.run(lua, keys, simulatedArgs);
      const isClaim = lua === CLAIM && Array.isArray(real) && Array.isArray(other);
      const [one, two] = isClaim ? [real.slice(0, -1), other.slice(0, -1)] : [real, other];
      expect(comparable(two)).toEqual(comparable(one));
      return [real, other] as const;
    };

    const commands = {
      async claim(step: number) {
        const leases = some(LEASES);
        const waited = claims.at(-1)?.token ?? '';
        const args = [
          `g${step}`,
          9 * UNIT_MS,
          `o${step}`,
          UNIT_MS,
          leases.length,
          ...leases.map(() => waited),
        ];
        const replies = await both(CLAIM, [GENERATION, FENCE, ...leases, ...some(PARTS)], args);
        if (!replies[0]) return;
        const [real, other] = replies as readonly [unknown[], unknown[]];
        const owned = leases.filter((_key, index) => String((real[2] as unknown[])[index]) === '');
        const time = [Number(real[5]), Number(other[5])] as const;
        claims.push({ token: `${String(real[0])}:o${step}`, number: Number(real[1]), owned, time });
      },
      async settle(step: number) {
        const claim = random.pick(claims.slice(-4));
        if (!claim) return;
        const [generation] = claim.token.split(':') as [string];
        const changes = some(PARTS);
        const fails = isOften(30);
        const number = String(claim.number).padStart(NUMBER_LENGTH, '0');
        const values = changes.flatMap(() => [
          isOften(20) ? 0 : 3 * UNIT_MS,
          Buffer.from(`${generation}:${number}value${step}`),
        ]);
        const lateMs = isOften(20) ? UNIT_MS : 0;
        const args = (time: number): Argument[] => [
          generation,
          9 * UNIT_MS,
          claim.token,
          CHANNEL,
          `{"token":"${claim.token}"}`,
          claim.owned.length,
          fails ? UNIT_MS : 0,
          time - lateMs,
          0,
          claim.number,
          ...values,
        ];
        const keys = [GENERATION, ...claim.owned, ...changes];
        await both(SETTLE, keys, args(claim.time[0]), args(claim.time[1]));
      },
      async renew() {
        const claim = random.pick(claims.slice(-4));
        if (claim && claim.owned.length > 0) await both(RENEW, claim.owned, [claim.token, UNIT_MS]);
      },
      async invalidate(step: number) {
        const fences = some(['w1', 'w2', 'w3']).flatMap((token) => [
          token,
          random.pick([0, UNIT_MS, 4 * UNIT_MS]),
        ]);
        const always = isOften(50) ? '1' : '';
        await both(INVALIDATE, [GENERATION, FENCE], [CHANNEL, `m${step}`, always, ...fences]);
      },
      async openAll() {
        const fences = ['w1', 'w2', 'w3'].flatMap((token) => [token, 0]);
        await both(INVALIDATE, [GENERATION, FENCE], [CHANNEL, '', '', ...fences]);
      },
      /** As when the clock of the server is set back. */
      async extendLease() {
        const key = random.pick(LEASES);
        if ((await redis.pttl(key)) < 0) return;
        await redis.pexpire(key, 5 * UNIT_MS);
        simulated.expire(key, 5 * UNIT_MS);
      },
      /** As when the time of one of several writes is over. */
      async endWrite() {
        const fence = simulated.get(FENCE);
        if (!(fence instanceof Map) || !fence.has('w3') || fence.size < 2) return;
        await redis.zadd(FENCE, Date.now() - UNIT_MS, 'w3');
        simulated.set(FENCE, new Map(fence).set('w3', simulated.time() - UNIT_MS), 'keep');
      },
      publish: (step: number) => both(PUBLISH, [GENERATION], [CHANNEL, `p${step}`]),
    };
    const names = ['claim', 'claim', 'claim', 'settle', 'settle', 'settle', 'invalidate', 'openAll', 'renew'];
    for (let step = 0; step < 1500; step += 1) {
      const name = isOften(8) ? random.pick(['extendLease', 'endWrite', 'publish']) : random.pick(names);
      await commands[name as keyof typeof commands](step);
      await both(READ, [GENERATION, ...LEASES, ...PARTS], []);
      const now = Date.now();
      const members = await redis.zrangebyscore(FENCE, now, '+inf', 'WITHSCORES');
      const fence = simulated.get(FENCE);
      const ends = [...(fence instanceof Map ? fence : [])].map(([token, end]) => [
        token,
        end - simulated.time(),
      ]);
      const realEnds = members.flatMap((token, at) =>
        at % 2 === 0 ? [[token, Number(members[at + 1]) - now]] : [],
      );
      const byToken = (all: (string | number)[][]) =>
        comparable(all.toSorted((a, b) => String(a[0]).localeCompare(String(b[0])))) as unknown[];
      expect(byToken(ends.filter(([, ms]) => Number(ms) > 0))).toEqual(byToken(realEnds));
    }
    await redis.publish(CHANNEL, 'end');
    await waitFor('the last message', () => published.real.at(-1) === `${CHANNEL} end`);
    expect(published.simulated).toEqual(published.real.slice(0, -1));
  } finally {
    redis.disconnect();
    subscriber.disconnect();
    await server.stop();
  }
});

import { randomBytes } from 'node:crypto';
import { startFleet } from '../support/fleet.ts';
import type { Environment } from '../support/child.ts';
import { startRedis } from '../support/redis/redis-server.ts';

const CONTACTS = 1000;
const BATCH = 50;
const INCLUDES = 'notes,entity,profile,signals';

/** Fills Redis with contacts of the sandbox, each with all five parts, and measures the bytes per contact. */
async function bytesPerContact(env: Environment) {
  const redis = await startRedis();
  try {
    const fleet = await startFleet(1, { REDIS_URL: redis.url, ...env });
    try {
      const [member] = fleet.members;
      const control = `${fleet.sandbox.controlUrl}/contacts?org=${fleet.org.id}&limit=${CONTACTS}`;
      const { ids } = (await (await fetch(control)).json()) as { ids: string[] };
      const before = await usedMemory();
      let contacts = 0;
      let answered = 0;
      for (let from = 0; from < ids.length; from += BATCH) {
        const batch = ids.slice(from, from + BATCH);
        const answer = await member!.get(`/contacts?ids=${batch.join(',')}&include=${INCLUDES}`);
        contacts += answer.json().data.length;
        answered += answer.body.length;
      }
      const keys = Number(await redis.cli('dbsize'));
      const bytes = (await usedMemory()) - before;
      return {
        contacts,
        keys,
        redisBytesPerContact: Math.round(bytes / contacts),
        jsonBytesPerContact: Math.round(answered / contacts),
      };
    } finally {
      await fleet.stop();
    }
  } finally {
    await redis.stop();
  }

  async function usedMemory(): Promise<number> {
    return Number(/used_memory:(\d+)/.exec(await redis.cli('info', 'memory'))?.[1]);
  }
}

const plain = await bytesPerContact({});
const encrypted = await bytesPerContact({ CACHE_ENCRYPTION_KEYS: randomBytes(32).toString('hex') });
process.stdout.write(`${JSON.stringify({ plain, encrypted }, null, 2)}\n`);

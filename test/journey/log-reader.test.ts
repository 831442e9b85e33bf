import http from 'node:http';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { exchange } from '../support/http.ts';
import { startWorld } from '../support/world.ts';

/** Enough log lines to fill the pipe and the buffers at both ends. */
const REQUESTS = 1500;

let redis: RedisServer;
beforeAll(async () => {
  redis = await startRedis();
});
afterAll(() => redis?.stop());

test.each(['1', '2'])(
  'SIGTERM ends the program when its stdout is not read, with WEB_CONCURRENCY=%s',
  async (processes) => {
    const world = await startWorld({
      REDIS_URL: redis.url,
      WEB_CONCURRENCY: processes,
      SHUTDOWN_GRACE_MS: '1000',
    });
    const agent = new http.Agent({ keepAlive: true, maxSockets: 16 });
    try {
      world.program.stopReading();
      const one = () => exchange(`${world.program.url}/healthz`, { agent });
      for (let sent = 0; sent < REQUESTS; sent += 100) {
        const answers = await Promise.all(Array.from({ length: 100 }, one));
        expect(answers.every(({ status }) => status === 200)).toBe(true);
      }
      world.program.signal('SIGTERM');
      expect(await world.program.ended).toEqual({ code: 0, signal: null });
    } finally {
      agent.destroy();
      await world.stop();
    }
  },
);

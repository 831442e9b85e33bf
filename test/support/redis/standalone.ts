import { createStore, type OpenedStore } from './create-store.ts';
import { startRedis, type RedisServer } from './redis-server.ts';

/** A Redis, and the stores of some processes on it. Both exist while tests run. */
export interface Standalone {
  readonly server: RedisServer;
  readonly processes: readonly OpenedStore[];
}

/** Starts a Redis before the tests of the block or file, with this number of processes, and stops it after them. */
export function standalone(processes: number): Standalone {
  const started = { server: undefined as unknown as RedisServer, processes: [] as readonly OpenedStore[] };
  beforeAll(async () => {
    started.server = await startRedis();
    const nodes = [{ host: '127.0.0.1', port: started.server.port }];
    const open = () => createStore({ mode: 'standalone', nodes });
    started.processes = await Promise.all(Array.from({ length: processes }, open));
  });
  afterAll(async () => {
    for (const opened of started.processes) opened.close();
    await started.server?.stop();
  });
  return started;
}

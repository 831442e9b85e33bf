import { Cluster, type Redis } from 'ioredis';

export type RedisValue = string | number | Buffer;

export type RunScript = (keys: readonly string[], args: readonly RedisValue[]) => Promise<unknown>;

let scripts = 0;

/**
 * Returns a function that corks the connection until the end of the event-loop iteration, so that its commands
 * leave in one write: a system call per command costs more than the commands. No-op for a Cluster, whose
 * commands go to several servers.
 */
export function corkWrites(connection: Redis | Cluster): () => void {
  if (connection instanceof Cluster) return () => {};
  let corked = false;
  return () => {
    if (corked || connection.status !== 'ready') return;
    const { stream } = connection;
    corked = true;
    stream.cork();
    setImmediate(() => {
      corked = false;
      stream.uncork();
    });
  };
}

/** Returns a function that runs a script on a connection, with Buffers as results. */
export function scriptOn(connection: Redis | Cluster, lua: string, cork: () => void): RunScript {
  scripts += 1;
  const name = `zbffScript${scripts}`;
  connection.defineCommand(name, { lua });
  const run = (connection as unknown as Record<string, (...args: unknown[]) => Promise<unknown>>)[
    `${name}Buffer`
  ]!.bind(connection);
  return (keys, args) => {
    cork();
    return run(keys.length, ...keys, ...args);
  };
}

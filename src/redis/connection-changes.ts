import { Cluster, type Redis } from 'ioredis';

/** The connections of a client: `commands` reads and stores, `invalidations` deletes and waits for replicas. */
export const CONNECTION_NAMES = ['commands', 'invalidations', 'subscription'] as const;
export type ConnectionName = (typeof CONNECTION_NAMES)[number];

export type ConnectionState = 'lost' | 'ready' | 'moved';

export interface ConnectionChange {
  readonly connection: ConnectionName;
  readonly server: string;
  /** `moved` if the server owns slots that another server owned before. */
  readonly state: ConnectionState;
}

/** The name of the server if there is a single one. */
export const ONLY_SERVER = 'server';

/**
 * Reports each change of a connection after which the server may be another one, or may have lost writes: losses
 * and reconnects, a new master that Sentinels name, and slots with a new owner.
 */
export function watchConnection(
  connection: Redis | Cluster,
  report: (server: string, state: ConnectionState) => void,
): void {
  if (!(connection instanceof Cluster)) {
    connection.on('close', () => report(ONLY_SERVER, 'lost'));
    connection.on('ready', () => report(ONLY_SERVER, 'ready'));
    return;
  }
  connection.on('+node', (node: Redis) => {
    const server = `${node.options.host}:${node.options.port}`;
    node.on('close', () => report(server, 'lost'));
    node.on('ready', () => report(server, 'ready'));
  });
  const owners: (string | undefined)[] = [];
  connection.on('refresh', () => {
    const gained = new Set<string>();
    connection.slots.forEach((nodes, slot) => {
      const owner = nodes?.[0];
      if (owner !== undefined && owners[slot] !== undefined && owners[slot] !== owner) gained.add(owner);
      owners[slot] = owner;
    });
    for (const server of gained) report(server, 'moved');
  });
}

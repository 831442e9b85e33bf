/** What is wrong with Redis, in words that hold nothing of what was sent. */
export interface RedisFault {
  readonly code: string;
  readonly advice: string;
  /** Whether the server answered and refused this one command, rather than being of no use at all. */
  readonly answered: boolean;
}

const UNUSABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at the address in REDIS_URL or REDIS_NODES',
  ENOTFOUND: 'the host in REDIS_URL or REDIS_NODES does not resolve',
  EAI_AGAIN: 'the host in REDIS_URL or REDIS_NODES does not resolve',
  ETIMEDOUT: 'the address in REDIS_URL or REDIS_NODES cannot be reached',
  ECONNRESET: 'the connection was cut; if it is never made, check rediss:// against redis://',
  TIMEOUT: 'Redis is connected and does not answer in time',
  WRONGPASS: 'check the user and the password for Redis',
  NOAUTH: 'Redis wants a password: set it in REDIS_URL or REDIS_PASSWORD',
  LOADING: 'Redis is loading its data',
  CLUSTERDOWN: 'the Cluster has slots that no master serves',
  MASTERDOWN: 'the replica has lost its master',
  BUSY: 'a script blocks Redis',
  CROSSSLOT: 'REDIS_MODE does not fit the server',
};

const REFUSED: Readonly<Record<string, string>> = {
  OOM: 'Redis is full and evicts nothing: set maxmemory-policy to allkeys-lru, or give it more memory',
  READONLY: 'this is a read-only replica: point REDIS_URL to the master',
  MISCONF: 'Redis cannot save to disk and refuses writes: turn persistence off for a cache',
  NOREPLICAS: 'Redis has fewer replicas than min-replicas-to-write asks for',
  NOPERM: 'the user in REDIS_URL may not run a command or reach a key that is needed',
};

/** @param connectionError why there is no connection, which says more than that there is none. */
export function faultOf(error: unknown, connectionError: Error | undefined): RedisFault {
  const code = codeOf(error);
  const refused = REFUSED[code];
  if (refused !== undefined) return { code, advice: refused, answered: true };
  if (UNUSABLE[code] === undefined && connectionError !== undefined) {
    const connectionCode = codeOf(connectionError);
    return { code: connectionCode, advice: adviceFor(connectionCode), answered: false };
  }
  return { code, advice: adviceFor(code), answered: false };
}

function adviceFor(code: string): string {
  return UNUSABLE[code] ?? 'there is no connection to Redis';
}

/** Node's code, or the word that begins Redis's reply; the rest of a reply can quote what was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  if (error.name === 'TimeoutError') return 'TIMEOUT';
  const { code } = error as NodeJS.ErrnoException;
  if (typeof code === 'string') return code.slice(0, 64);
  return /^[A-Z]{3,32}\b/.exec(error.message)?.[0] ?? 'UNCONNECTED';
}

/** A diagnosis of a Redis error. It contains nothing that was sent to Redis. */
export interface RedisDiagnosis {
  readonly code: string;
  readonly advice: string;
  /** True if the server responded and refused one command; false if the server is unusable. */
  readonly answered: boolean;
}

const WRONG_MODE = 'REDIS_MODE does not fit the server: it is standalone, cluster or sentinel';

const UNUSABLE: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'nothing listens at the address in REDIS_URL or REDIS_NODES',
  ENOTFOUND: 'the host in REDIS_URL or REDIS_NODES does not resolve',
  EAI_AGAIN: 'the host in REDIS_URL or REDIS_NODES does not resolve',
  ETIMEDOUT:
    'the address in REDIS_URL or REDIS_NODES is unreachable, or the server does not use TLS: check rediss:// against redis://',
  ECONNRESET: 'the connection was reset; if every attempt fails, check rediss:// against redis://',
  TIMEOUT: 'Redis is connected and does not respond in time',
  WRONGPASS: 'check the user and the password for Redis',
  NOAUTH: 'Redis requires a password: set it in REDIS_URL or REDIS_PASSWORD',
  LOADING: 'Redis is loading its data',
  CLUSTERDOWN: 'the Cluster has slots that no master serves',
  MASTERDOWN: 'the replica has lost its master',
  BUSY: 'a script blocks Redis',
  MAXCLIENTS: 'Redis has its maximum number of clients: raise maxclients, or close other connections',
  CROSSSLOT: WRONG_MODE,
  MOVED: WRONG_MODE,
  NOT_A_CLUSTER: WRONG_MODE,
  NO_SENTINEL:
    'the Sentinels in REDIS_NODES do not respond, or do not know a master named REDIS_SENTINEL_NAME',
};

const REFUSED: Readonly<Record<string, string>> = {
  OOM: 'Redis is full and does not evict keys: set maxmemory-policy to allkeys-lru, or give it more memory',
  READONLY: 'this is a read-only replica: point REDIS_URL to the master',
  MISCONF: 'Redis cannot save to disk and rejects writes: turn persistence off for a cache',
  NOREPLICAS: 'Redis has fewer replicas than min-replicas-to-write requires',
  NOPERM: 'the user in REDIS_URL may not run a command, or use a key or channel, that the proxy requires',
};
const REFUSED_OTHERWISE = 'Redis rejects a command: version 6.2 or newer with Lua scripts is required';

/** The codes of faults that have advice of their own. */
export const REDIS_FAULT_CODES: readonly string[] = [...Object.keys(UNUSABLE), ...Object.keys(REFUSED)];

/** The code of an error without a reason. */
const NO_REASON = 'UNCONNECTED';

/** Codes for errors that are recognized by their text: replies that begin with ERR, and errors of libraries. */
const BY_TEXT: readonly (readonly [RegExp, string])[] = [
  [/ACL failure in script|can't run this command or subcommand/, 'NOPERM'],
  [/cluster support disabled/, 'NOT_A_CLUSTER'],
  [/All sentinels are unreachable/, 'NO_SENTINEL'],
  [/max number of clients/, 'MAXCLIENTS'],
  // Redis before version 7 quotes the reply to a command of a script.
  [/: -OOM /, 'OOM'],
  [/: -READONLY /, 'READONLY'],
  [/: -MISCONF /, 'MISCONF'],
];

const EXPIRED = 'the certificate of Redis has expired or is not valid yet: renew it, and check the clock';
const OTHER_NAME =
  'the certificate of Redis is for another host: use one of its names in REDIS_URL or REDIS_NODES, or have it issued for this host';
const NOT_TRUSTED =
  'the certificate of Redis is not trusted: set NODE_EXTRA_CA_CERTS to the file of its certificate authority';
const NO_TLS =
  'the server does not use an accepted version of TLS: check rediss:// against redis://, and the port';

/** Advice for TLS errors, by the codes of OpenSSL and Node. The first match wins. */
const TLS_ADVICE: readonly (readonly [RegExp, string])[] = [
  [/^CERT_(HAS_EXPIRED|NOT_YET_VALID)$/, EXPIRED],
  [/^ERR_TLS_CERT_ALTNAME/, OTHER_NAME],
  [/CERT|LEAF_SIGNATURE/, NOT_TRUSTED],
  [/^(EPROTO|ERR_SSL_)/, NO_TLS],
];

/** Returns whether an error gives a reason, not only a missing connection. */
export function hasReason(error: Error): boolean {
  return codeOf(error) !== NO_REASON;
}

/**
 * Diagnoses an error.
 *
 * @param connectionError the last connection error, which is more specific than the failure of a command
 *   without a connection.
 */
export function diagnose(error: unknown, connectionError: Error | undefined): RedisDiagnosis {
  const code = codeOf(error);
  if (UNUSABLE[code] !== undefined) return { code, advice: UNUSABLE[code], answered: false };
  const answered = error instanceof Error && error.name === 'ReplyError';
  if (answered) return { code, advice: REFUSED[code] ?? REFUSED_OTHERWISE, answered };
  const connectionCode = connectionError ? codeOf(connectionError) : code;
  return { code: connectionCode, advice: adviceOn(connectionCode), answered };
}

function adviceOn(code: string): string {
  return (
    UNUSABLE[code] ??
    REFUSED[code] ??
    TLS_ADVICE.find(([form]) => form.test(code))?.[1] ??
    'there is no connection to Redis'
  );
}

/** Returns Node's code, or the first word of Redis's reply; the rest of a reply can quote data that was sent. */
function codeOf(error: unknown): string {
  if (!(error instanceof Error)) return 'UNKNOWN';
  if (error.name === 'TimeoutError') return 'TIMEOUT';
  const { code, lastNodeError } = error as { code?: unknown; lastNodeError?: unknown };
  // If no node of a Cluster or no Sentinel is usable, the error of the last one has the reason.
  const nodeCode = lastNodeError instanceof Error ? codeOf(lastNodeError) : NO_REASON;
  if (nodeCode !== NO_REASON) return nodeCode;
  const known = BY_TEXT.find(([text]) => text.test(error.message))?.[1];
  if (known !== undefined) return known;
  if (typeof code === 'string') return code.slice(0, 64);
  return /^[A-Z]{3,32}\b/.exec(error.message)?.[0] ?? NO_REASON;
}

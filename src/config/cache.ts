import { byPart, type Part } from '../contact/parts/index.ts';
import type { ConfigIssues } from './config-issues.ts';
import { someOf, whole } from './values/checks.ts';
import { buildEncryptionKeys } from './values/encryption-keys.ts';
import { variable, type Values, type Variable } from './variable.ts';

const MIB = 1024 * 1024;
const seconds = whole(0, 604_800);

type TtlName<P extends Part> = `CACHE_TTL_${Uppercase<P>}_S`;
const ttlName = <P extends Part>(part: P) => `CACHE_TTL_${part.toUpperCase()}_S` as TtlName<P>;

/** One time to live for each part. */
const ttlVariables = Object.fromEntries(
  Object.values(
    byPart(({ name, defaultTtlS }) => [
      ttlName(name),
      variable(`time to live of \`${name}\`; 0 never stores it`, seconds, { default: defaultTtlS }),
    ]),
  ),
) as Readonly<Record<TtlName<Part>, Variable<number>>>;

const variables = {
  ...ttlVariables,
  CACHE_TTL_NEGATIVE_S: variable('time to live of the fact that a contact does not exist', seconds, {
    default: 10,
  }),
  CACHE_STALE_WHILE_REVALIDATE_S: variable(
    'time for which a stale part is served while it is refreshed',
    seconds,
    { default: 30 },
  ),
  CACHE_STALE_IF_ERROR_S: variable('time for which a stale part is served if the upstream fails', seconds, {
    default: 3600,
  }),
  CACHE_MEMORY_MAX_MB: variable(
    'maximum size of the memory store, which is used without Redis',
    whole(1, 65_536),
    { default: 128 },
  ),
  CACHE_L1_MAX_MB: variable(
    'maximum size of the near cache in front of Redis; 0 turns it off',
    whole(0, 65_536),
    { default: 64 },
  ),
  CACHE_L1_TTL_MS: variable(
    'time for which the near cache serves an entry without confirmation by Redis',
    whole(0, 60_000),
    { default: 1000 },
  ),
  WRITE_UNCERTAIN_S: variable(
    'time for which the upstream may still carry out a write with an unknown outcome; nothing is cached meanwhile',
    whole(0, 3600),
    { default: 30 },
  ),
  FRESHNESS_SAMPLE: variable(
    'one in so many invalidations is checked through another process; 0 checks none',
    whole(0, 1_000_000),
    { default: 0 },
  ),
  CACHE_ENCRYPTION_KEYS: variable(
    'keys of 32 bytes in base64 or hex: the first encrypts, all decrypt',
    someOf,
    {
      kind: 'lines',
      secret: true,
    },
  ),
};

function build(values: Values<typeof variables>, issues: ConfigIssues) {
  return {
    cache: {
      ttlMs: byPart(({ name }) => values[ttlName(name)] * 1000),
      negativeTtlMs: values.CACHE_TTL_NEGATIVE_S * 1000,
      staleWhileRevalidateMs: values.CACHE_STALE_WHILE_REVALIDATE_S * 1000,
      staleIfErrorMs: values.CACHE_STALE_IF_ERROR_S * 1000,
    },
    writeUncertainMs: values.WRITE_UNCERTAIN_S * 1000,
    freshnessSample: values.FRESHNESS_SAMPLE,
    redisStore: {
      encryptionKeys: buildEncryptionKeys(values.CACHE_ENCRYPTION_KEYS, issues),
      nearMaxBytes: values.CACHE_L1_MAX_MB * MIB,
      nearTtlMs: values.CACHE_L1_TTL_MS,
    },
    memoryStore: { maxBytes: values.CACHE_MEMORY_MAX_MB * MIB },
  };
}

export const cacheSlice = {
  title: 'Cache',
  introduction: 'The times to live of the parts of a contact, and the stores.',
  prefixes: ['CACHE_TTL_', 'CACHE_L1_', 'CACHE_STALE_', 'FRESHNESS_'],
  variables,
  files: [],
  build,
};

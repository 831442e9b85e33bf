import { oneOf, whole } from './values/checks.ts';
import { variable, type Values } from './variable.ts';

const seconds = whole(0, 604_800);

const variables = {
  WRITES: variable('`off` turns all operations off that find or change contacts', oneOf(['on', 'off']), {
    default: 'on',
    otherNames: ['WRITE', 'WRITE_ENABLED', 'ENABLE_WRITES', 'DISABLE_WRITES', 'ALLOW_WRITES'],
  }),
  ZYNTRO_BRAND_ID: variable(
    'number of the brand whose members `GET /members` lists; the route is off if not set',
    whole(1, 999_999_999_999),
  ),
  IDEMPOTENCY_TTL_S: variable('time for which idempotency keys are kept', whole(1, 604_800), {
    default: 86_400,
  }),
  CACHE_TTL_LOOKUP_S: variable('time to live of the contact that a lookup found', seconds, { default: 60 }),
  CACHE_TTL_MEMBERS_S: variable('time to live of the list of members', seconds, { default: 3600 }),
};

function build(values: Values<typeof variables>) {
  return {
    writes: {
      on: values.WRITES === 'on',
      brandId: values.ZYNTRO_BRAND_ID,
      idempotencyTtlMs: values.IDEMPOTENCY_TTL_S * 1000,
      lookupTtlMs: values.CACHE_TTL_LOOKUP_S * 1000,
      membersTtlMs: values.CACHE_TTL_MEMBERS_S * 1000,
    },
  };
}

/** The operations that find and change contacts. */
export const writesSlice = {
  title: 'Finding and changing contacts',
  introduction:
    'The scopes of these operations are in `config/scopes.json`. An operation without a scope there is off.',
  files: [],
  prefixes: ['WRITES_', 'IDEMPOTENCY_'],
  variables,
  build,
};

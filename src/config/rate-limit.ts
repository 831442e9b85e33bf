import { z } from 'zod';
import rateLimits from '../../config/rate-limits.json' with { type: 'json' };
import type { ConfigIssues } from './config-issues.ts';
import { settingsFile } from './settings-file.ts';
import { oneOf, text } from './values/checks.ts';
import {
  callerTierOf,
  checkTierNames,
  DEFAULT_TIER,
  FAILED_AUTHENTICATION,
  parseTiers,
  tierOf,
  TIERS,
  WINDOW,
} from './values/tiers.ts';
import { variable, type Values } from './variable.ts';

const variables = {
  RATE_LIMIT_TIERS: variable(
    'JSON, tier to `{ "limit", "windowS", "writes"? }`; each replaces the tier of that name in `config/rate-limits.json`',
    text,
    { kind: 'lines' },
  ),
  RATE_LIMIT_ON_STORE_FAILURE: variable(
    'policy while Redis fails: `local` counts per process, `open` allows, `closed` responds 503',
    oneOf(['local', 'open', 'closed']),
    { default: 'local' },
  ),
};

const FILE = settingsFile(
  'config/rate-limits.json',
  'tiers of callers, and the limit of failed authentication',
  z.strictObject({ tiers: TIERS, failedAuthentication: WINDOW }),
  rateLimits,
);

function build(values: Values<typeof variables>, issues: ConfigIssues) {
  const overrides = parseTiers(values.RATE_LIMIT_TIERS, issues);
  const file = FILE.read(issues);
  if (!file) return undefined;
  const tiers = { ...file.tiers, ...overrides };
  if (!tiers[DEFAULT_TIER]) issues.add('config/rate-limits.json', `tiers.${DEFAULT_TIER} is required`);
  // A name of the variable may collide with one of the file.
  checkTierNames(tiers, overrides ? 'RATE_LIMIT_TIERS' : 'config/rate-limits.json', issues);
  return {
    limits: {
      tiers: new Map(Object.entries(tiers).map(([name, window]) => [name, callerTierOf(name, window)])),
      failedAuthentication: tierOf(FAILED_AUTHENTICATION, file.failedAuthentication),
      onFailure: values.RATE_LIMIT_ON_STORE_FAILURE,
    },
  };
}

export const rateLimitSlice = {
  title: 'Rate limits',
  introduction: 'The limits of callers, by tier, and of failed authentication, by client address.',
  prefixes: ['RATE_LIMIT_'],
  variables,
  files: [FILE],
  build,
};

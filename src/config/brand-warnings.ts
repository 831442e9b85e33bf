import type { Config } from './index.ts';
import type { ConfigWarning } from './unknown-variables.ts';

/** Checks that ZYNTRO_BRAND_ID can be right for every organization: a brand belongs to one account. */
export function brandWarnings({ upstream, writes }: Config): ConfigWarning[] {
  const { credentials } = upstream;
  if (!writes.on || writes.brandId === undefined || credentials.kind === 'one') return [];
  const accounts = new Set([...credentials.byOrg.values()].map(({ apiKey }) => apiKey));
  if (accounts.size < 2) return [];
  return [
    {
      variable: 'ZYNTRO_BRAND_ID',
      message: 'one brand for several accounts',
      advice:
        'GET /members fails for the organizations of other accounts: run a proxy for each account, or remove ZYNTRO_BRAND_ID',
    },
  ];
}

import type { Config } from './index.ts';
import { bindError } from './bind-error.ts';
import type { ConfigWarning } from './unknown-variables.ts';

/** Checks that calls use a fixed address of this machine, because the upstream has an address allowlist. */
export async function egressWarnings({ upstream, development }: Config): Promise<ConfigWarning[]> {
  const { localAddress, proxy } = upstream;
  if (localAddress !== undefined) {
    // Other errors do not depend on the address.
    if ((await bindError(localAddress)) !== 'EADDRNOTAVAIL') return [];
    return [
      {
        variable: 'EGRESS_LOCAL_ADDRESS',
        message: 'egress address is not on this machine',
        advice: 'set EGRESS_LOCAL_ADDRESS to an address that "ip addr" lists',
      },
    ];
  }
  if (proxy !== undefined || development) return [];
  return [
    {
      variable: 'EGRESS_LOCAL_ADDRESS',
      message: 'no egress address configured',
      advice:
        'set EGRESS_LOCAL_ADDRESS or EGRESS_PROXY_URL: the upstream rejects calls from addresses that are not on its allowlist',
    },
  ];
}

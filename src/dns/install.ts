import dns, { type LookupAddress, type LookupOptions } from 'node:dns';
import { syncBuiltinESMExports } from 'node:module';
import { isIP } from 'node:net';
import { createQuery } from './query.ts';
import { createResolver, type Address, type Family, type Resolve } from './resolver.ts';

type Callback = (error: Error | null, address?: string | LookupAddress[], family?: number) => void;

const SYSTEM_FAMILIES: Readonly<Record<string, Family>> = { 4: 4, 6: 6, IPv4: 4, IPv6: 6 };

/**
 * Replaces `dns.lookup`, the default `lookup` of `net.connect`, for the whole process.
 *
 * A `lookup` option would not reach connections that libraries open internally: those of ioredis's Cluster
 * subscriber, slot refresher and Sentinel clients, and of the OTLP exporter.
 */
export function installResolver(): void {
  const systemLookup = dns.lookup;
  const resolve = createResolver({
    monotonicNow: () => performance.now(),
    query: createQuery(
      (name) =>
        new Promise((resolve, reject) => {
          systemLookup(name, { all: true }, (error, found) =>
            error ? reject(error) : resolve(found as Address[]),
          );
        }),
    ),
  });
  Object.assign(dns, { lookup: lookupBy(resolve, systemLookup) });
  syncBuiltinESMExports();
}

/** Creates a function with the signature of `dns.lookup`. */
function lookupBy(resolve: Resolve, systemLookup: typeof dns.lookup) {
  let turn = 0;
  return function lookup(host: string, second: LookupOptions | number | Callback, third?: Callback): void {
    const callback = third ?? (second as Callback);
    const options: LookupOptions =
      typeof second === 'object' && second !== null
        ? second
        : { family: typeof second === 'number' ? second : 0 };
    // An address needs no look-up, and the system's function reports invalid arguments.
    if (typeof host !== 'string' || host === '' || isIP(host) !== 0)
      return systemLookup(host, options as object, callback as never);
    // Uses `nextTick`, so that an error thrown by the callback is not handled as a failed look-up.
    resolve(host, SYSTEM_FAMILIES[options.family ?? 0] ?? 0).then(
      (found) => {
        if (options.all === true) return process.nextTick(callback, null, found);
        // Rotates the addresses, so that a caller that uses one address gets another one when it retries.
        const same = found.filter(({ family }) => family === found[0]!.family);
        const { address, family } = same[turn++ % same.length]!;
        process.nextTick(callback, null, address, family);
      },
      (error: Error) => process.nextTick(callback, error),
    );
  };
}

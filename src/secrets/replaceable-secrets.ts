import { encryptedCodec, plainCodec, type EntryCodec } from '../cache/stored-entry.ts';
import type { Config } from '../config/index.ts';
import type { Health } from '../telemetry/health.ts';
import type { Caller } from '../contact/read-contact.ts';
import type { Replacement } from '../lib/replacement.ts';
import { describeError, subjectHasher, type Log } from '../telemetry/log.ts';
import type { Egress } from '../telemetry/status.ts';
import { credentialSource } from '../upstream/credentials.ts';
import { createTransport, type ReplaceableTransport, type Transport } from '../upstream/transport.ts';

/** The settings from which secrets, and the values derived from them, are taken. */
export type SecretSettings = Pick<Config, 'upstream' | 'admin' | 'log' | 'redisStore'>;

/**
 * Values derived from secrets, behind functions that return the current ones. A call in flight keeps the values
 * that it began with, and a reload replaces all of them at once.
 */
export function replaceableSecrets(
  config: SecretSettings,
  { log, health }: { readonly log: Log; readonly health: Health },
) {
  let settings = config;
  let current = createValues(config);
  let inner = createTransport(config.upstream);

  const transport: Transport = {
    post: (path, json, receiver) => inner.post(path, json, receiver),
    close: () => inner.close(),
  };
  const codec: EntryCodec = {
    encode: (key, stamped) => current.codec.encode(key, stamped),
    decode: (key, stored) => current.codec.decode(key, stored),
  };

  /** Closes a replaced transport when its calls in flight have finished. */
  function retire(old: ReplaceableTransport): void {
    old.retire().catch((error: unknown) => {
      log.error({ error: describeError(error) }, 'could not close connections through the old egress proxy');
    });
  }

  return {
    transport,
    codec,
    credentialsOf: (org: string) => current.credentials.of(org),
    component: (org: string) => current.credentials.component(org),
    adminToken: () => current.adminToken,
    hashSubject: (caller: Caller) => current.hashSubject(caller),
    /** The source address or the egress proxy of upstream calls, without the proxy's credentials. */
    egress: (): Egress => ({
      localAddress: settings.upstream.localAddress,
      proxy: settings.upstream.proxy?.url.host,
    }),

    /** Builds the values of a new configuration. `commit` activates them. */
    prepare(next: SecretSettings): Replacement {
      const values = createValues(next);
      const isSameProxy = isSame(next.upstream.proxy, settings.upstream.proxy);
      const transportNext = isSameProxy ? inner : createTransport(next.upstream);
      return {
        commit() {
          // Clears the health state of the old credentials. New ones start as healthy, and removed ones are not reported.
          for (const component of current.credentials.components()) health.recover(component);
          const { hashSubject } = current;
          // If LOG_HASH_KEY is not set, the key is random, so the old hash function is kept.
          current = next.log.hashKey === undefined ? { ...values, hashSubject } : values;
          if (transportNext !== inner) retire(inner);
          inner = transportNext;
          settings = next;
        },
        discard() {
          if (transportNext !== inner) retire(transportNext);
        },
      };
    },
  };
}

/** Compares settings that JSON can express. */
function isSame(one: unknown, other: unknown): boolean {
  return JSON.stringify(one) === JSON.stringify(other);
}

function createValues({ upstream, admin, log, redisStore: { encryptionKeys } }: SecretSettings) {
  return {
    credentials: credentialSource(upstream.credentials),
    codec: encryptionKeys ? encryptedCodec(encryptionKeys) : plainCodec,
    adminToken: admin.token,
    hashSubject: subjectHasher(log.hashKey),
  };
}

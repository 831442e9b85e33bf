import type { Health } from '../telemetry/health.ts';
import type { Log } from '../telemetry/log.ts';
import { withTimeout } from '../lib/with-timeout.ts';
import { ONLY_SERVER } from './connection-changes.ts';
import type { RedisClient } from './redis-client.ts';
import { diagnose, type RedisDiagnosis } from './redis-diagnosis.ts';
import { RedisUnavailable } from './redis-unavailable.ts';

const PROBE_FIRST_MS = 100;
const PROBE_MAX_MS = 1000;
/**
 * The time after which a server that is being restored is probed again. It covers a full journal, whose items are
 * bounded one by one, so that a slow restoration does not begin again and again.
 */
const RESTORE_MS = 120_000;
/**
 * The time without a refusal after which refusals count as over. A single successful command is not enough,
 * because Redis may refuse other commands.
 */
const REFUSAL_QUIET_MS = 1500;

/** A kind of outage, with the component name for readiness and the log messages. */
interface OutageKind {
  readonly component: string;
  readonly began: string;
  readonly ended: string;
}

const DOWN: OutageKind = {
  component: 'redis',
  began: 'redis unreachable, continuing without it',
  ended: 'redis reachable again',
};
const REFUSING: OutageKind = {
  component: 'redis:commands',
  began: 'redis rejects commands',
  ended: 'redis accepts commands again',
};

const UNSUBSCRIBED: OutageKind = {
  component: 'redis:subscription',
  began: 'redis rejects the subscription, invalidations and revocations arrive late',
  ended: 'redis accepts the subscription again',
};

export interface RedisOutagesOptions {
  readonly client: Pick<RedisClient, 'call' | 'ping' | 'renewSubscription'>;
  readonly log: Log;
  readonly health: Health;
  /** Maximum milliseconds for one probe. */
  readonly probeMs: number;
  /** Returns the last connection error, which is more specific than the failure of a probe. */
  readonly connectionError: () => Error | undefined;
  /** Called when a server that did not respond does so again. The outage ends when it resolves. */
  readonly onBack: (server: string) => Promise<void>;
}

/**
 * Tracks the outages of all servers. Each change of state is logged and reported to readiness once. An outage
 * ends when its probe succeeds.
 */
export class RedisOutages {
  readonly #components = new Set<string>();
  readonly #options: RedisOutagesOptions;
  readonly #refusedAt = new Map<string, number>();
  #isClosed = false;

  constructor(options: RedisOutagesOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#components.size;
  }

  /** Whether every server responds and accepts commands. A refused subscription only delays messages. */
  get acceptsCommands(): boolean {
    return [...this.#components].every((component) => component.startsWith(UNSUBSCRIBED.component));
  }

  /** Returns whether the server does not respond. */
  isDown(server: string): boolean {
    return this.#components.size > 0 && this.#components.has(nameOf(DOWN, server));
  }

  /** Returns whether the server does not respond, or has refused a command lately. */
  affects(server: string): boolean {
    return [DOWN, REFUSING].some((kind) => this.#components.has(nameOf(kind, server)));
  }

  /** Records that a server does not respond. Returns false if that is known. */
  failed(server: string, diagnosis: RedisDiagnosis, probe: () => Promise<unknown>): boolean {
    const { client, onBack } = this.#options;
    const probeAll = async () => {
      await probe();
      await client.ping(server, 'invalidations');
    };
    return this.#begin(DOWN, server, diagnosis, probeAll, () => onBack(server));
  }

  /** Records that a server refuses a command on a key. */
  refused(server: string, key: string, diagnosis: RedisDiagnosis): void {
    this.#refusedAt.set(server, performance.now());
    this.#begin(REFUSING, server, diagnosis, async () => {
      if (performance.now() - this.#refusedAt.get(server)! < REFUSAL_QUIET_MS) throw new RedisUnavailable();
      await this.#options.client.call('SET', [`${key}:probe`, '', 'PX', PROBE_MAX_MS]);
    });
  }

  /** Records that the subscription failed. Without an answer, it is the connection's outage. */
  subscriptionFailed(error: unknown): void {
    const diagnosis = diagnose(error, undefined);
    if (!diagnosis.answered) return;
    this.#begin(UNSUBSCRIBED, ONLY_SERVER, diagnosis, () => this.#options.client.renewSubscription());
  }

  close(): void {
    this.#isClosed = true;
  }

  /** Returns false if the outage has begun before. */
  #begin(
    kind: OutageKind,
    server: string,
    { code, advice }: RedisDiagnosis,
    probe: () => Promise<unknown>,
    restore?: () => Promise<void>,
  ): boolean {
    const component = nameOf(kind, server);
    if (this.#components.has(component) || this.#isClosed) return false;
    this.#components.add(component);
    this.#options.health.fail(component, `${code}: ${advice}`);
    this.#options.log.error({ component, code, advice }, kind.began);
    const recover = async () => {
      await withTimeout(this.#options.probeMs, probe());
      if (restore) await withTimeout(RESTORE_MS, restore());
    };
    const attempt = (delayMs: number) => {
      const timer = setTimeout(() => {
        if (this.#isClosed) return;
        recover().then(
          () => this.#end(kind, component),
          (error: unknown) => {
            this.#stillFails(component, error);
            attempt(Math.min(delayMs * 2, PROBE_MAX_MS));
          },
        );
      }, delayMs);
      timer.unref();
    };
    attempt(PROBE_FIRST_MS);
    return true;
  }

  /** Reports the latest reason to readiness, because the reason may change or become clearer. */
  #stillFails(component: string, error: unknown): void {
    if (error instanceof RedisUnavailable) return;
    const { code, advice } = diagnose(error, this.#options.connectionError());
    if (code !== 'UNCONNECTED') this.#options.health.fail(component, `${code}: ${advice}`);
  }

  #end(kind: OutageKind, component: string): void {
    this.#components.delete(component);
    this.#options.health.recover(component);
    this.#options.log.info({ component }, kind.ended);
  }
}

function nameOf({ component }: OutageKind, server: string): string {
  return server === ONLY_SERVER ? component : `${component}:${server}`;
}

import { AbstractConnector, Redis, SentinelConnector, type RedisOptions } from 'ioredis';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { checkServerIdentity, connect as connectTls, type ConnectionOptions } from 'node:tls';
import { setBackgroundTimer } from '../lib/timers.ts';

type ErrorListener = (error: Error) => void;
type Emit = Parameters<SentinelConnector['connect']>[0];
type ConnectorClass = NonNullable<RedisOptions['Connector']>;

/** The minimum interval between the connections of Cluster subscribers. */
const CONNECT_EVERY_MS = 250;
/** A pause, so that a Sentinel that accepts connections and does not respond is not flooded with them. */
const WATCH_AGAIN_MS = 1000;
const TOO_MANY_CLIENTS = '-ERR max number of clients reached';

/**
 * Returns TLS options for all connections of one client. A certificate is accepted if it is valid for the
 * server's own host or for one of the configured names: a Cluster's nodes and the master that Sentinels report
 * are often known by address only, but their certificate contains the host name.
 */
export function tlsOptions(certificateNames: readonly string[]): ConnectionOptions {
  return {
    // Overrides NODE_TLS_REJECT_UNAUTHORIZED.
    rejectUnauthorized: true,
    checkServerIdentity(host, certificate) {
      const error = checkServerIdentity(host, certificate);
      const isGood =
        error === undefined || certificateNames.some((name) => !checkServerIdentity(name, certificate));
      return isGood ? undefined : error;
    },
  };
}

/**
 * Creates a connector class for a server, or for a Cluster's nodes and its slot refresher. The listener is
 * invoked with each connection's error, because ioredis drops errors of its internal connections.
 */
export function serverConnector(onError?: ErrorListener): ConnectorClass {
  return class extends ServerConnector {
    protected override report(error: Error): void {
      onError?.(error);
    }
  } as unknown as ConnectorClass;
}

class ServerConnector extends AbstractConnector {
  readonly #options: RedisOptions;

  constructor(options: RedisOptions) {
    super(options.disconnectTimeout ?? 0);
    this.#options = options;
  }

  override async connect(): Promise<Socket> {
    this.connecting = true;
    // `disconnect` may be called before the connection begins.
    await this.awaitTurn();
    if (!this.connecting) throw new Error('Connection is closed.');
    const { host = '127.0.0.1', port = 6379, tls } = this.#options;
    const stream = tls
      ? connectTls({ host, port, ...serverName(host), ...tls })
      : connectPlain({ host, port });
    watch(stream, tls !== undefined, (error) => {
      this.firstError ??= error;
      this.report(error);
    });
    this.stream = stream;
    return stream;
  }

  /** Without a timer and a listener for a connection that has closed: ioredis calls this again and again. */
  override disconnect(): void {
    if (this.stream?.destroyed) this.connecting = false;
    else super.disconnect();
  }

  protected report(_error: Error): void {}

  protected awaitTurn(): Promise<void> {
    return Promise.resolve();
  }
}

/**
 * Connects a Cluster's subscriber. If that fails, ioredis selects another node at once, and would use up a core
 * while all nodes refuse connections.
 */
class ClusterSubscriberConnector extends ServerConnector {
  static #nextAt = 0;

  protected override async awaitTurn(): Promise<void> {
    do {
      const waitMs = ClusterSubscriberConnector.#nextAt - performance.now();
      await sleep(Math.max(0, waitMs), undefined, { ref: false });
    } while (this.connecting && performance.now() < ClusterSubscriberConnector.#nextAt);
    if (this.connecting) ClusterSubscriberConnector.#nextAt = performance.now() + CONNECT_EVERY_MS;
  }
}

/** Some methods are private in ioredis's types; the version is pinned. */
const SentinelBase = SentinelConnector as unknown as new (options: RedisOptions) => AbstractConnector & {
  connect(emit: Emit): Promise<Socket>;
  connectToSentinel(endpoint: object, options?: object): Redis;
  resolve(sentinel: object): Promise<Master>;
};
type Master = { readonly host: string; readonly port: number } | null;

function addressOf(master: Master): string {
  return master ? `${master.host}:${master.port}` : '';
}

/** Drops the failovers of other masters, which ioredis would take for one of its own. */
function ignoreOtherMasters(sentinel: Redis, name: string | undefined): void {
  const emit = sentinel.emit.bind(sentinel);
  sentinel.emit = (event, ...args: unknown[]) => {
    // The message is the name, and the old and the new address.
    const isOther = event === 'message' && String(args[1]).split(' ')[0] !== name;
    return !isOther && emit(event, ...args);
  };
}

/** A Sentinel that refuses a command has responded, so that nothing is gained by repeating it. */
function ignoreRefusal(error: Error): void {
  if (error.name !== 'ReplyError') throw error;
}

/** Creates a connector class for the master that Sentinels name. */
export function sentinelConnector(onError?: ErrorListener): ConnectorClass {
  return class extends SentinelBase {
    #lastError: Error | undefined;
    /** The address that was resolved last, and the one that the connection leads to. */
    #resolved = '';
    #master = '';
    /** The Sentinel that was asked last. */
    #source: object | undefined;
    readonly #isTls: boolean;
    readonly #name: string | undefined;

    constructor(options: RedisOptions) {
      super(options);
      this.#name = options.name;
      this.#isTls = options.tls !== undefined;
    }

    override async connect(emit: Emit): Promise<Socket> {
      this.#lastError = undefined;
      const stream = await super.connect((type, error) => {
        // The last Sentinel's error is more specific than the error that all Sentinels are unusable.
        if (type !== 'error') return emit(type, error);
        emit(type, Object.assign(error, { lastNodeError: this.#lastError }));
        this.#lastError = undefined;
      });
      watch(stream, this.#isTls, (error) => onError?.(error));
      this.#master = this.#resolved;
      return stream;
    }

    override async resolve(sentinel: object): Promise<Master> {
      this.#source = sentinel;
      const master = await super.resolve(sentinel);
      this.#resolved = addressOf(master);
      return master;
    }

    override connectToSentinel(endpoint: object, options: object = {}): Redis {
      const Connector = serverConnector((error) => (this.#lastError = error));
      // ioredis does not handle the rejection of its own SUBSCRIBE, which would end the program.
      const own = { Connector, autoResubscribe: false };
      const sentinel = super.connectToSentinel(endpoint, { ...options, ...own });
      // ioredis prints an error that has no listener.
      sentinel.on('error', () => {});
      // Those that wait for failovers are lazy. `resolve` opens the others.
      if ('lazyConnect' in options) this.#watchFailovers(sentinel, endpoint);
      return sentinel;
    }

    /**
     * Subscribes whenever the connection is ready, and then asks for the master, because a failover that happened
     * before is not published again. At first it asks only the Sentinel that has named the master: the others may
     * learn of a failover two seconds later. Connects again if there is no response to either.
     */
    #watchFailovers(sentinel: Redis, endpoint: object): void {
      ignoreOtherMasters(sentinel, this.#name);
      let asks = endpoint === this.#source;
      const subscribe = async (): Promise<void> => {
        try {
          await sentinel.subscribe('+switch-master').catch(ignoreRefusal);
          if (asks) await this.#leaveOldMaster(endpoint);
        } catch {
          setBackgroundTimer(WATCH_AGAIN_MS, () => {
            if (sentinel.status === 'ready') sentinel.disconnect(true);
          });
        }
        asks = true;
      };
      sentinel.on('ready', () => void subscribe());
    }

    async #leaveOldMaster(sentinel: object): Promise<void> {
      const known = this.#master;
      const named = addressOf(await super.resolve(sentinel));
      if (named !== '' && named !== known && known === this.#master) this.disconnect();
    }
  } as unknown as ConnectorClass;
}

/** Returns the option for SNI, which `tls.connect` omits unless it has a server name. */
export function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/**
 * Prevents an unhandled error event: a TLS socket can emit a second error after ioredis has removed its only
 * listener. Also converts the reply that Redis sends before it closes a connection, when it has too many
 * clients, to an error.
 */
function watch(stream: Socket, isTls: boolean, onError: ErrorListener): void {
  stream.on('error', onError);
  stream.once(isTls ? 'secureConnect' : 'connect', () => {
    // Sends the first commands in one write: a second write to a closed connection would fail before the reply
    // is read.
    stream.cork();
    process.nextTick(() => stream.uncork());
    stream.once('data', (reply: Buffer) => {
      if (reply.toString('latin1', 0, TOO_MANY_CLIENTS.length) === TOO_MANY_CLIENTS)
        stream.destroy(new Error(TOO_MANY_CLIENTS.slice(1)));
    });
  });
}

/** Sets the default connector, which only the subscriber of a Cluster has. */
const { defaultOptions } = Redis as unknown as { defaultOptions: RedisOptions };
defaultOptions.Connector = ClusterSubscriberConnector as unknown as ConnectorClass;

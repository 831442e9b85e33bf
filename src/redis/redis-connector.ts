import { AbstractConnector, Redis, SentinelConnector, type RedisOptions } from 'ioredis';
import { connect as connectPlain, isIP, type Socket } from 'node:net';
import { checkServerIdentity, connect as connectTls, type ConnectionOptions } from 'node:tls';

type ErrorListener = (error: Error) => void;
type Emit = Parameters<SentinelConnector['connect']>[0];
type ConnectorClass = NonNullable<RedisOptions['Connector']>;

const TOO_MANY_CLIENTS = '-ERR max number of clients reached';

/**
 * TLS options for all connections of one client. A certificate is good for a server if it is valid for the
 * server's own host or for one of the configured names: a Cluster's nodes and the master that Sentinels name
 * are often known by address only, while their certificate has the name that clients use.
 */
export function tlsOptions(certificateNames: readonly string[]): ConnectionOptions {
  return {
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
 * invoked with each connection's error, which ioredis drops for connections of its own.
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
    await Promise.resolve();
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

  protected report(_error: Error): void {}
}

/** Some methods are private in ioredis's types; the version is pinned. */
const SentinelBase = SentinelConnector as unknown as new (options: RedisOptions) => AbstractConnector & {
  connect(emit: Emit): Promise<Socket>;
  connectToSentinel(endpoint: object, options?: object): Redis;
};

/** Creates a connector class for the master that Sentinels name. */
export function sentinelConnector(onError?: ErrorListener): ConnectorClass {
  return class extends SentinelBase {
    #lastError: Error | undefined;
    readonly #isTls: boolean;

    constructor(options: RedisOptions) {
      super(options);
      this.#isTls = options.tls !== undefined;
    }

    override async connect(emit: Emit): Promise<Socket> {
      this.#lastError = undefined;
      const stream = await super.connect((type, error) => {
        // That no Sentinel can be used says less than the reason why the last one cannot.
        if (type !== 'error') return emit(type, error);
        emit(type, Object.assign(error, { lastNodeError: this.#lastError }));
        this.#lastError = undefined;
      });
      watch(stream, this.#isTls, (error) => onError?.(error));
      return stream;
    }

    override connectToSentinel(endpoint: object, options: object = {}): Redis {
      const Connector = serverConnector((error) => (this.#lastError = error));
      return super.connectToSentinel(endpoint, { ...options, Connector });
    }
  } as unknown as ConnectorClass;
}

/** For SNI, which `tls.connect` leaves out unless it is given a name. */
export function serverName(host: string): { servername?: string } {
  return isIP(host) === 0 ? { servername: host } : {};
}

/**
 * Keeps an error from ending the process: a TLS socket can emit a second one after ioredis's only listener has
 * gone. And makes an error of the reply that Redis closes a connection with when it has too many clients.
 */
function watch(stream: Socket, isTls: boolean, onError: ErrorListener): void {
  stream.on('error', onError);
  stream.once(isTls ? 'secureConnect' : 'connect', () => {
    // In one write: a second one to a closed connection would fail before the reply is read.
    stream.cork();
    process.nextTick(() => stream.uncork());
    stream.once('data', (reply: Buffer) => {
      if (reply.toString('latin1', 0, TOO_MANY_CLIENTS.length) === TOO_MANY_CLIENTS)
        stream.destroy(new Error(TOO_MANY_CLIENTS.slice(1)));
    });
  });
}

/**
 * Makes the connector above the default of connections that ioredis opens with options of its own: the
 * subscriber of a Cluster and the clients of Sentinels that watch for a failover.
 */
const { defaultOptions } = Redis as unknown as { defaultOptions: RedisOptions };
defaultOptions.Connector = serverConnector();

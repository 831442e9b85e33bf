import { z } from 'zod';
import http from '../../config/http.json' with { type: 'json' };
import type { ConfigIssues } from './config-issues.ts';
import { settingsFile } from './settings-file.ts';
import { count, credential, list, text, whole } from './values/checks.ts';
import { isHost, isLoopbackHost, isSameHost, parseOrigin } from './values/hosts.ts';
import { parseTrustProxy } from './values/trust-proxy.ts';
import { variable, type Values } from './variable.ts';

const host = text.refine(isHost, {
  error: 'must be an IP address of this machine or a host name, without a scheme, a port or brackets',
});

/** A token that operators send in a header, after a space. */
const adminToken = credential.refine((value) => /^[\x21-\x7E]+$/.test(value), {
  error: 'must be printable ASCII without spaces, because it is sent in a header',
});

const origins = list
  .refine((items) => items.every((item) => parseOrigin(item) !== undefined), {
    error: 'must be origins such as https://app.example.com, separated by commas; * is not accepted',
  })
  .transform((items) => items.map((item) => parseOrigin(item)!));

const trustProxy = text
  .refine((value) => parseTrustProxy(value) !== undefined, {
    error:
      'must be the number of proxies in front (0 to 16), or their addresses and ranges separated by commas; true is not accepted, because clients could then forge their address',
  })
  .transform((value) => parseTrustProxy(value)!);

const variables = {
  HOST: variable('bind address of the public port; all addresses if not set', host, { essential: true }),
  PORT: variable('public port', whole(0, 65_535), { default: 3000, essential: true }),
  ADMIN_HOST: variable('bind address of the admin port', host, { default: '127.0.0.1', essential: true }),
  ADMIN_PORT: variable('admin port', whole(0, 65_535), { default: 3001, essential: true }),
  ADMIN_TOKEN: variable(
    'bearer token of the admin port; required if `ADMIN_HOST` is not a loopback address',
    adminToken,
    { secret: true, essential: true },
  ),
  CORS_ORIGINS: variable('origins whose pages may read responses, separated by commas', origins, {
    default: [],
    kind: 'lines',
    essential: true,
  }),
  TRUST_PROXY: variable(
    'number of proxies in front, or their addresses and ranges; their `X-Forwarded-For` is trusted',
    trustProxy,
    { default: 0, kind: 'lines', essential: true },
  ),
  CLIENT_MAX_AGE_S: variable(
    'seconds for which clients may reuse a response; 0 makes them revalidate each time',
    whole(0, 604_800),
    { default: 0 },
  ),
};

export type ServerValues = Values<typeof variables>;

export const HTTP_FILE = settingsFile(
  'config/http.json',
  'limits and timeouts of requests and connections',
  z.strictObject({
    maxBatchSize: count(1000),
    batchParallelism: count(100),
    maxBodyBytes: count(1_048_576),
    maxWriteBodyBytes: count(1_048_576),
    compressFromBytes: count(1_048_576),
    headersTimeoutMs: count(120_000),
    requestTimeoutMs: count(300_000),
    keepAliveTimeoutMs: count(600_000),
    sendTimeoutMs: count(600_000),
    maxConnections: count(1_000_000),
    maxEventLoopLagMs: count(60_000),
  }),
  http,
);

function build(values: ServerValues, issues: ConfigIssues) {
  if (!isLoopbackHost(values.ADMIN_HOST) && values.ADMIN_TOKEN === undefined)
    issues.addMissing('ADMIN_TOKEN', 'is required if ADMIN_HOST is not a loopback address');
  checkPorts(values, issues);
  const file = HTTP_FILE.read(issues);
  return (
    file && {
      http: {
        ...file,
        host: values.HOST,
        port: values.PORT,
        corsOrigins: values.CORS_ORIGINS,
        clientMaxAgeS: values.CLIENT_MAX_AGE_S,
      },
      admin: { host: values.ADMIN_HOST, port: values.ADMIN_PORT, token: values.ADMIN_TOKEN },
      trustProxy: values.TRUST_PROXY,
    }
  );
}

/** Checks that the two ports do not collide: equal ports need two different addresses, neither a wildcard. */
function checkPorts({ HOST, PORT, ADMIN_HOST, ADMIN_PORT }: ServerValues, issues: ConfigIssues): void {
  if (PORT === 0 || PORT !== ADMIN_PORT || issues.hasAny('HOST', 'PORT', 'ADMIN_HOST', 'ADMIN_PORT')) return;
  if (isSameHost(HOST, ADMIN_HOST)) issues.add('ADMIN_PORT', 'is equal to PORT: set another port');
}

export const serverSlice = {
  title: 'Ports',
  introduction: 'The public port, and the admin port with the dashboard, metrics and invalidations.',
  prefixes: ['CORS_', 'TRUST_'],
  variables,
  files: [HTTP_FILE],
  build,
};

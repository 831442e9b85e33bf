import { JSON_HEADERS } from '../../../src/http/security-headers.ts';
import { runNative } from './native-server.ts';
import { LIMIT, peer, WINDOW_MS } from './peer.ts';

const quoted = (text: string): string => `"${text.replaceAll('"', '\\"')}"`;

/**
 * Verifies the token of every request, counts by subject, and returns the same bytes to all, since HAProxy's
 * cache does not store responses to requests with `Authorization`.
 */
await runNative({
  program: 'haproxy',
  args: (file) => ['-f', file, '-db'],
  configuration(port) {
    const headers = [...JSON_HEADERS, ['Cache-Control', 'private, max-age=60'], ['Vary', 'Authorization']];
    return `
global
  nbthread 1
  maxconn 2000
defaults
  mode http
  timeout client 30s
  timeout server 30s
  timeout connect 1s
  timeout http-keep-alive 30s
backend limits
  stick-table type string len 64 size 100k expire ${WINDOW_MS / 1000}s store http_req_rate(${WINDOW_MS / 1000}s)
frontend api
  bind 127.0.0.1:${port}
  http-request set-var(txn.token) http_auth_bearer
  http-request deny deny_status 401 unless { var(txn.token),jwt_header_query('$.alg') -m str HS256 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_verify("HS256",${quoted(peer.jwtSecret)}) -m int 1 }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.iss') -m str ${quoted(peer.issuer)} }
  http-request deny deny_status 401 unless { var(txn.token),jwt_payload_query('$.aud') -m str ${quoted(peer.audience)} }
  http-request set-var(txn.exp) var(txn.token),jwt_payload_query('$.exp','int')
  http-request deny deny_status 401 if { date(),sub(txn.exp) -m int gt 0 }
  http-request track-sc0 var(txn.token),jwt_payload_query('$.sub') table limits
  http-request deny deny_status 429 if { sc_http_req_rate(0) gt ${LIMIT} }
  http-request return status 200 content-type "application/json; charset=utf-8" file ${String(process.env['BENCH_BODY_FILE'])} ${headers
    .map(([name, value]) => `hdr ${name} ${quoted(value!).replaceAll('%', '%%')}`)
    .join(' ')}
`;
  },
});

import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Files of a certificate authority made for the occasion, and of a server on 127.0.0.1 that it vouches for. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  remove(): void;
}

export function makeCertificates(): Certificates {
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-tls-'));
  const openssl = (args: string) =>
    void execFileSync('openssl', args.split(/\s+/), { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const request = 'req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc -days 2';
  openssl(`${request} -keyout ca.key -out ca.pem -subj /CN=zyntro-bff-test-ca`);
  openssl(`${request} -keyout server.key -out server.pem -subj /CN=redis -CA ca.pem -CAkey ca.key
    -addext subjectAltName=IP:127.0.0.1 -addext basicConstraints=critical,CA:FALSE`);
  const at = (name: string) => path.join(directory, name);
  return {
    ca: at('ca.pem'),
    cert: at('server.pem'),
    key: at('server.key'),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

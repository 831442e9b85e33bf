import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

/** Files of a temporary certificate authority and of a server certificate that it signed. */
export interface Certificates {
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
  /** Arguments that make redis-server accept only TLS connections, on this port. */
  readonly serverArgs: (port: number) => string[];
  remove(): void;
}

export interface CertificateOptions {
  /** Value in the syntax of OpenSSL's `subjectAltName`. */
  readonly altName?: string;
  readonly expired?: boolean;
}

export function makeCertificates({
  altName = 'IP:127.0.0.1',
  expired = false,
}: CertificateOptions = {}): Certificates {
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-tls-'));
  const openssl = (args: string) =>
    void execFileSync('openssl', args.split(/\s+/), { cwd: directory, stdio: ['ignore', 'ignore', 'pipe'] });
  const key = '-newkey ec -pkeyopt ec_paramgen_curve:P-256 -noenc';
  openssl(`req -x509 ${key} -days 2 -keyout ca.key -out ca.pem -subj /CN=zyntro-bff-test-ca`);
  openssl(`req ${key} -keyout server.key -out server.csr -subj /CN=redis -addext subjectAltName=${altName}
    -addext basicConstraints=critical,CA:FALSE`);
  openssl(`x509 -req -in server.csr -CA ca.pem -CAkey ca.key -days ${expired ? -1 : 2} -copy_extensions copy
    -out server.pem`);
  const at = (name: string) => path.join(directory, name);
  const files = { ca: at('ca.pem'), cert: at('server.pem'), key: at('server.key') };
  return {
    ...files,
    serverArgs: (port) =>
      `--port 0 --tls-port ${port} --tls-auth-clients no --tls-cert-file ${files.cert} --tls-key-file ${files.key}
        --tls-ca-cert-file ${files.ca}`.split(/\s+/),
    remove: () => rmSync(directory, { recursive: true, force: true }),
  };
}

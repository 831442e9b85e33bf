import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** A new pair in PEM: the private key in a file of the directory, the public one as text. */
export function writeKeyPair(
  directory: string,
  type: 'rsa' | 'ec' | 'ed25519',
  options: object = {},
): { file: string; publicKey: string } {
  const generate = generateKeyPairSync as unknown as (
    type: string,
    options: object,
  ) => Record<string, string>;
  const { publicKey = '', privateKey = '' } = generate(type, {
    ...options,
    publicKeyEncoding: { type: 'spki', format: 'pem' },
    privateKeyEncoding: { type: 'pkcs8', format: 'pem' },
  });
  const file = path.join(directory, `${randomUUID()}.pem`);
  writeFileSync(file, privateKey);
  return { file, publicKey };
}

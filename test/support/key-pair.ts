import { generateKeyPairSync, randomUUID } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import path from 'node:path';

/** Creates a key pair in PEM. Writes the private key to a file and returns the public key as text. */
export function writeKeyPair(
  directory: string,
  type: 'rsa' | 'rsa-pss' | 'ec' | 'ed25519',
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

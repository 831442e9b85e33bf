import { randomBytes } from 'node:crypto';

const ID_BYTES = 12;
const POOL_BYTES = 128 * ID_BYTES;
let pool = Buffer.alloc(0);

/**
 * Returns 96 random bits in base64url, so that generations do not repeat. Takes random bytes from a pool,
 * because one large request costs as much as one small request.
 */
export function randomId(): string {
  if (pool.length === 0) pool = randomBytes(POOL_BYTES);
  const id = pool.toString('base64url', 0, ID_BYTES);
  pool = pool.subarray(ID_BYTES);
  return id;
}

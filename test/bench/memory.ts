import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import { pinned, SERVER_CORE } from './pinned.ts';
import type { Scene } from './scene.ts';

const run = promisify(execFile);

export interface MemoryResult {
  readonly contacts: number;
  /** Bytes per cached contact: resident, in the JavaScript heap, and external. */
  readonly residentBytes: number;
  readonly heapBytes: number;
  readonly externalBytes: number;
}

const BODY_BYTES = 1331;
const TIMEOUT_MS = 300_000;

/** Measures the memory of the near cache with this many contacts of 1.3 KB. */
export async function measureMemory(scene: Scene, contacts: number): Promise<MemoryResult> {
  const program = path.join(import.meta.dirname, 'near-cache-bytes.ts');
  const redisPort = new URL(scene.redisUrl).port;
  const [command = '', ...args] = pinned(SERVER_CORE, [process.execPath, '--expose-gc', program]);
  const { stdout } = await run(command, [...args, redisPort, String(contacts), String(BODY_BYTES)], {
    timeout: TIMEOUT_MS,
  });
  const result = JSON.parse(stdout) as MemoryResult;
  if (result.contacts !== contacts)
    throw new Error(`only ${result.contacts} of ${contacts} are in the cache`);
  return result;
}

import { stamped, UNSTAMPED } from '../support/stamped.ts';
import { randomUUID } from 'node:crypto';
import { createStore } from '../support/redis/create-store.ts';
import { ORG, OWNER } from '../support/sandbox-servers.ts';

/**
 * Fills the near cache through Redis in a separate process, and prints its memory usage. Requires
 * `--expose-gc`.
 *
 * Arguments: Redis port, number of contacts, bytes per contact.
 */
const [redisPort, contacts, bodyBytes] = process.argv.slice(2).map(Number) as [number, number, number];
const AT_ONCE = 64;
const KEEP_MS = 3_600_000;
const collect = (globalThis as unknown as { gc: () => void }).gc;

const opened = await createStore(
  { mode: 'standalone', nodes: [{ host: '127.0.0.1', port: redisPort }] },
  { nearMaxBytes: 2 ** 31, nearTtlMs: KEEP_MS },
);
const { store } = opened;
const ids = Array.from({ length: contacts }, () => randomUUID());
const refOf = (contact: string) => ({ org: ORG, member: OWNER, contact });

async function put(contact: string): Promise<void> {
  const at = Date.now();
  const claim = await store.claim(refOf(contact), [], ['contact']);
  const entry = {
    bytes: Buffer.alloc(bodyBytes, contact),
    contentHash: randomUUID().slice(0, 16),
    fetchedAt: at,
    staleAt: at + KEEP_MS,
    ...UNSTAMPED,
  };
  await claim.store(stamped(claim, [{ part: 'contact', entry, retentionMs: KEEP_MS }]));
}

async function settledMemory(): Promise<NodeJS.MemoryUsage> {
  for (let pass = 0; pass < 5; pass += 1) {
    collect();
    // V8 frees backing stores on other threads.
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return process.memoryUsage();
}

async function fill(some: readonly string[]): Promise<NodeJS.MemoryUsage> {
  for (let from = 0; from < some.length; from += AT_ONCE)
    await Promise.all(some.slice(from, from + AT_ONCE).map((contact) => put(contact)));
  return settledMemory();
}

// The first half covers the fixed memory of the process, which does not depend on the cache size.
const before = await fill(ids.slice(0, contacts / 2));
const after = await fill(ids.slice(contacts / 2));
let held = 0;
for (const contact of ids) {
  const { entries } = await store.read(refOf(contact), ['contact']);
  if (entries.contact) held += 1;
}
const each = (field: keyof NodeJS.MemoryUsage): number =>
  Math.round((after[field] - before[field]) / (contacts / 2));
process.stdout.write(
  `${JSON.stringify({
    contacts: held,
    residentBytes: each('rss'),
    heapBytes: each('heapUsed'),
    externalBytes: each('external'),
  })}\n`,
);
opened.close();

import { randomBytes } from 'node:crypto';
import { connect } from 'node:net';
import { readIntoRedis, startFleet, type Fleet, type Member } from '../support/fleet.ts';
import type { Json } from '../support/http.ts';
import { startRedis, type RedisServer } from '../support/redis/redis-server.ts';
import { waitFor } from '../support/wait-for.ts';

const OLD_KEY = randomBytes(32).toString('base64');
const NEW_KEY = randomBytes(32).toString('hex');

let redis: RedisServer;
let fleet: Fleet;
let plain: Member;
let old: Member;
let rotating: Member;
let rotated: Member;
beforeAll(async () => {
  redis = await startRedis();
  fleet = await startFleet(0, { REDIS_URL: redis.url, CACHE_L1_MAX_MB: '0' });
  plain = await fleet.add();
  old = await fleet.add({ CACHE_ENCRYPTION_KEYS: OLD_KEY });
  rotating = await fleet.add({ CACHE_ENCRYPTION_KEYS: `${NEW_KEY},${OLD_KEY}` });
  rotated = await fleet.add({ CACHE_ENCRYPTION_KEYS: NEW_KEY });
});
afterAll(async () => {
  await fleet?.stop();
  await redis?.stop();
});

const ALL = '?include=notes,entity,profile,signals';
const PARTS = ['contact', 'notes', 'entity', 'profile', 'signals'];
const keyOf = (id: string, part: string) => `zbff:1:{${fleet.org.id}|${id}}:${fleet.org.members[0]}:${part}`;
const unreadable = (member: Member) =>
  member.events().filter((line: Json) => /undecodable entry/.test(line.msg)).length;

/** Returns Cache-Status without its ttl. */
async function statusOfRead(member: Member, id: string): Promise<string> {
  const answer = await member.get(`/contacts/${id}${ALL}`);
  expect(answer.status).toBe(200);
  await readIntoRedis(member, `/contacts/${id}${ALL}`);
  return String(answer.headers['cache-status']).replace(/;[^;]*ttl.*$/, '');
}

/** Returns all keys and raw values of Redis. */
async function redisContent(): Promise<string> {
  const keys = (await redis.cli('keys', '*')).split('\n');
  const values = await Promise.all(keys.map((key) => raw(['GET', key])));
  return [...keys, ...values].join('\n');
}

/** Sends a command and returns its raw reply, which may be binary. */
function raw(command: readonly string[]): Promise<string> {
  return new Promise((resolve, reject) => {
    const socket = connect(redis.port, '127.0.0.1');
    let reply = '';
    socket.on('error', reject);
    socket.on('data', (bytes) => (reply += bytes.toString('latin1')));
    socket.once('close', () => resolve(reply));
    socket.write(encoded(command) + encoded(['QUIT']));
  });
}

/** Encodes a command as a RESP array of bulk strings. */
function encoded(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

test('contact data in Redis is readable without encryption and unreadable with it', async () => {
  const id = fleet.freshContact();
  const { data } = (await plain.get(`/contacts/${id}${ALL}`)).json();
  await readIntoRedis(plain, `/contacts/${id}${ALL}`);
  const values = [data.contact.email, data.contact.phone, data.contact.city].filter(Boolean);
  expect(values.length).toBeGreaterThan(1);
  for (const text of values) expect(await redisContent()).toContain(text);
  await redis.cli('flushall');
  expect(await statusOfRead(old, id)).toMatch(/fwd=miss/);
  expect(await statusOfRead(old, id)).toMatch(/; hit/);
  const content = await redisContent();
  expect(content).toContain(keyOf(id, 'notes'));
  for (const text of [...values, '"name"', 'dateCreated']) expect(content).not.toContain(text);
});

test('an entry copied to another key is a miss and is logged', async () => {
  const [id, other] = [fleet.freshContact(), fleet.freshContact()];
  await readIntoRedis(old, `/contacts/${id}${ALL}`);
  await readIntoRedis(old, `/contacts/${other}${ALL}`);
  const original = (await old.get(`/contacts/${other}${ALL}`)).json();
  for (const part of PARTS) await redis.cli('copy', keyOf(id, part), keyOf(other, part), 'replace');
  // Both contacts get the same generation, so only the key name differs.
  await redis.cli(
    'copy',
    `zbff:1:{${fleet.org.id}|${id}}:gen`,
    `zbff:1:{${fleet.org.id}|${other}}:gen`,
    'replace',
  );
  expect(await statusOfRead(old, other)).toMatch(/fwd=miss/);
  expect((await old.get(`/contacts/${other}${ALL}`)).json()).toEqual(original);
  await waitFor('the log line', () => unreadable(old) === 1);
});

test('key rotation causes no misses: every listed key decrypts, the first one encrypts', async () => {
  const [one, two] = [fleet.freshContact(), fleet.freshContact()];
  await readIntoRedis(old, `/contacts/${one}${ALL}`);
  expect(await statusOfRead(rotating, one)).toMatch(/; hit/);
  await readIntoRedis(rotating, `/contacts/${two}${ALL}`);
  expect(await statusOfRead(rotated, two)).toMatch(/; hit/);
  expect(await statusOfRead(old, two)).toMatch(/fwd=miss/);
});

test('an unencrypted entry is a miss when encryption is on', async () => {
  const id = fleet.freshContact();
  await readIntoRedis(plain, `/contacts/${id}${ALL}`);
  const before = unreadable(rotated);
  expect(await statusOfRead(rotated, id)).toMatch(/fwd=miss/);
  expect(await statusOfRead(rotated, id)).toMatch(/; hit/);
  await waitFor('the log line', () => unreadable(rotated) > before);
  expect(await statusOfRead(plain, id)).toMatch(/fwd=miss/);
});

const CUT_SHORT = `redis.call('SET', KEYS[1], string.sub(redis.call('GET', KEYS[1]), 1, 30))`;

test.each([
  ['cut short', async (key: string) => void (await redis.cli('eval', CUT_SHORT, '1', key))],
  ['empty', async (key: string) => void (await redis.cli('set', key, ''))],
  ['garbage', async (key: string) => void (await redis.cli('set', key, 'garbage'))],
  [
    'of another type',
    async (key: string) => {
      await redis.cli('del', key);
      await redis.cli('lpush', key, 'x');
    },
  ],
])('a value that is %s is a miss and is replaced', async (_name, corrupt) => {
  for (const member of [plain, rotated]) {
    const id = fleet.freshContact();
    await readIntoRedis(member, `/contacts/${id}${ALL}`);
    for (const part of PARTS) await corrupt(keyOf(id, part));
    expect(await statusOfRead(member, id)).toMatch(/fwd=miss/);
    expect(await statusOfRead(member, id)).toMatch(/; hit/);
  }
});

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
  member.events().filter((line: Json) => /cannot be read/.test(line.msg)).length;

/** How a contact was got, by Cache-Status. */
async function how(member: Member, id: string): Promise<string> {
  const answer = await member.get(`/contacts/${id}${ALL}`);
  expect(answer.status).toBe(200);
  await readIntoRedis(member, `/contacts/${id}${ALL}`);
  return String(answer.headers['cache-status']).replace(/;[^;]*ttl.*$/, '');
}

/** All that Redis holds, byte for byte: what a DUMP of every key gives, and their names. */
async function everything(): Promise<string> {
  const keys = (await redis.cli('keys', '*')).split('\n');
  const values = await Promise.all(keys.map((key) => raw(['GET', key])));
  return [...keys, ...values].join('\n');
}

/** A command whose reply is not for the eye. */
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

/** A command as the protocol has it: an array of bulk strings. */
function encoded(words: readonly string[]): string {
  return `*${words.length}\r\n${words.map((word) => `$${Buffer.byteLength(word)}\r\n${word}\r\n`).join('')}`;
}

test('nothing of a contact can be read in Redis, and it can without', async () => {
  const id = fleet.freshContact();
  const { data } = (await plain.get(`/contacts/${id}${ALL}`)).json();
  await readIntoRedis(plain, `/contacts/${id}${ALL}`);
  const said = [data.contact.email, data.contact.phone, data.contact.city].filter(Boolean);
  expect(said.length).toBeGreaterThan(1);
  for (const text of said) expect(await everything()).toContain(text);
  await redis.cli('flushall');
  expect(await how(old, id)).toMatch(/fwd=miss/);
  expect(await how(old, id)).toMatch(/; hit/);
  const held = await everything();
  expect(held).toContain(keyOf(id, 'notes'));
  for (const text of [...said, '"name"', 'dateCreated']) expect(held).not.toContain(text);
});

test('an entry copied to another key counts as a miss, and is logged', async () => {
  const [id, other] = [fleet.freshContact(), fleet.freshContact()];
  await readIntoRedis(old, `/contacts/${id}${ALL}`);
  await readIntoRedis(old, `/contacts/${other}${ALL}`);
  const theirs = (await old.get(`/contacts/${other}${ALL}`)).json();
  for (const part of PARTS) await redis.cli('copy', keyOf(id, part), keyOf(other, part), 'replace');
  // Stamped alike, so that it is the name alone that gives it away.
  await redis.cli(
    'copy',
    `zbff:1:{${fleet.org.id}|${id}}:gen`,
    `zbff:1:{${fleet.org.id}|${other}}:gen`,
    'replace',
  );
  expect(await how(old, other)).toMatch(/fwd=miss/);
  expect((await old.get(`/contacts/${other}${ALL}`)).json()).toEqual(theirs);
  await waitFor('the log line', () => unreadable(old) === 1);
});

test('keys are rotated without a miss: all that are listed decrypt, the first encrypts', async () => {
  const [one, two] = [fleet.freshContact(), fleet.freshContact()];
  await readIntoRedis(old, `/contacts/${one}${ALL}`);
  expect(await how(rotating, one)).toMatch(/; hit/);
  await readIntoRedis(rotating, `/contacts/${two}${ALL}`);
  expect(await how(rotated, two)).toMatch(/; hit/);
  expect(await how(old, two)).toMatch(/fwd=miss/);
});

test('what is not encrypted is refused where encryption is on', async () => {
  const id = fleet.freshContact();
  await readIntoRedis(plain, `/contacts/${id}${ALL}`);
  const before = unreadable(rotated);
  expect(await how(rotated, id)).toMatch(/fwd=miss/);
  expect(await how(rotated, id)).toMatch(/; hit/);
  await waitFor('the log line', () => unreadable(rotated) > before);
  expect(await how(plain, id)).toMatch(/fwd=miss/);
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
])('a value that is %s is a miss, and is replaced', async (_how, spoil) => {
  for (const member of [plain, rotated]) {
    const id = fleet.freshContact();
    await readIntoRedis(member, `/contacts/${id}${ALL}`);
    for (const part of PARTS) await spoil(keyOf(id, part));
    expect(await how(member, id)).toMatch(/fwd=miss/);
    expect(await how(member, id)).toMatch(/; hit/);
  }
});

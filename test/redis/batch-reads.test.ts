import { batchReads } from '../../src/redis/batch-reads.ts';

/** Values are the keys that were asked for; `commands` are the keys of each command. */
function setUp(fail = false) {
  const commands: (readonly string[])[] = [];
  const read = batchReads(async (keys) => {
    commands.push(keys);
    if (fail) throw new Error('gone');
    return keys;
  });
  return { commands, read };
}
const turn = () => new Promise((resolve) => setImmediate(resolve));

test('reads of one turn are one command, and each gets its own values', async () => {
  const { commands, read } = setUp();
  const [one, two, none] = [read(['a', 'b']), read(['c']), read([])];
  await expect(Promise.all([one, two, none])).resolves.toEqual([['a', 'b'], ['c'], []]);
  expect(commands).toEqual([['a', 'b', 'c']]);
  await expect(read(['d'])).resolves.toEqual(['d']);
  expect(commands).toHaveLength(2);
});

test('no command is larger than it may be, and nobody gets what is another’s', async () => {
  const { commands, read } = setUp();
  const asked = Array.from({ length: 1000 }, (_, index) => [`${index}-a`, `${index}-b`, `${index}-c`]);
  const got = await Promise.all(asked.map((keys) => read(keys)));
  expect(got).toEqual(asked);
  expect(Math.max(...commands.map((keys) => keys.length))).toBeLessThanOrEqual(512);
  expect(commands.flat()).toEqual(asked.flat());
});

test('a command that fails fails all that it was for, and no later one', async () => {
  const { commands, read } = setUp(true);
  const settled = await Promise.allSettled([read(['a']), read(['b'])]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await turn();
  expect(commands).toHaveLength(1);
});

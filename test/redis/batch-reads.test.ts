import { batchReads } from '../../src/redis/batch-reads.ts';

/** The values are the requested keys; `commands` has the keys of each command. */
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

test('batches the reads of one event-loop iteration and returns each its own values', async () => {
  const { commands, read } = setUp();
  const [one, two, none] = [read(['a', 'b']), read(['c']), read([])];
  await expect(Promise.all([one, two, none])).resolves.toEqual([['a', 'b'], ['c'], []]);
  expect(commands).toEqual([['a', 'b', 'c']]);
  await expect(read(['d'])).resolves.toEqual(['d']);
  expect(commands).toHaveLength(2);
});

test('splits a batch at the maximum number of keys and returns each read its own values', async () => {
  const { commands, read } = setUp();
  const requested = Array.from({ length: 1000 }, (_, index) => [`${index}-a`, `${index}-b`, `${index}-c`]);
  const received = await Promise.all(requested.map((keys) => read(keys)));
  expect(received).toEqual(requested);
  expect(Math.max(...commands.map((keys) => keys.length))).toBeLessThanOrEqual(512);
  expect(commands.flat()).toEqual(requested.flat());
});

test('rejects all reads of a failed batch, and no later one', async () => {
  const { commands, read } = setUp(true);
  const settled = await Promise.allSettled([read(['a']), read(['b'])]);
  expect(settled.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
  await turn();
  expect(commands).toHaveLength(1);
});

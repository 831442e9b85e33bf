import { durableScripts } from '../../src/redis/durable-scripts.ts';
import { settled } from '../support/fake-clock.ts';

const WAIT_MS = 250;

/** Creates a durable script on a master: `counts` are the replies to WAIT, `needed` those to each question. */
function createScript(counts: readonly number[], needed: readonly number[]) {
  const replies = { counts: [...counts], needed: [...needed] };
  const waits: [number, number][] = [];
  const state: { onWait?: () => void; onCount?: () => Promise<void> } = {};
  const master = {
    stream: {},
    wait: async (...args: [number, number]) => {
      waits.push(args);
      state.onWait?.();
      return replies.counts.shift()!;
    },
  };
  const cluster = { master: master as typeof master | undefined };
  const makeDurable = durableScripts({
    nodeOf: () => cluster.master,
    neededConfirmations: async () => {
      await state.onCount?.();
      return replies.needed.shift()!;
    },
  });
  const durable = makeDurable(async () => {}, WAIT_MS);
  return { state, master, cluster, waits, run: () => durable(['key'], []) };
}

test.each<[string, number[], number[], boolean, number[]]>([
  ['one confirmation is enough', [1], [1, 1], true, [1]],
  ['none came in time', [0], [1, 1], false, [1]],
  ['another is needed by then, and has been counted', [2], [1, 2], true, [1]],
  ['another is needed by then, and comes', [1, 2], [1, 2, 2], true, [1, 2]],
  ['another is needed by then, and does not come', [1, 1], [1, 2, 2], false, [1, 2]],
  ['fewer are needed by then', [2], [2, 1], true, [2]],
  ['there is no replica', [], [0], true, []],
])('%s', async (_title, counts, needed, isDurable, asked) => {
  const { run, waits } = createScript(counts, needed);
  expect(await run()).toBe(isDurable);
  expect(waits).toEqual(asked.map((count) => [count, WAIT_MS]));
});

test('does not ask a server that the connection reached later: it would confirm what it has not seen', async () => {
  const { run, waits, state, master } = createScript([1, 2], [1, 2, 2]);
  state.onWait = () => (master.stream = {});
  expect(await run()).toBe(false);
  expect(waits).toHaveLength(1);
});

test.each([0, 1])('is not durable if the key has a new master, %i replicas needed', async (needed) => {
  const { run, cluster, master } = createScript([1], [needed, needed]);
  const result = run();
  cluster.master = { ...master };
  expect(await result).toBe(false);
});

test('is not durable without a known master', async () => {
  const { run, cluster } = createScript([], []);
  cluster.master = undefined;
  expect(await run()).toBe(false);
});

test('shares a WAIT in flight, with the count after it', async () => {
  const { run, waits } = createScript([1, 2], [1, 1, 2, 2]);
  expect(await Promise.all([run(), run()])).toEqual([true, true]);
  expect(waits).toEqual([
    [1, WAIT_MS],
    [2, WAIT_MS],
  ]);
});

test('does not share a WAIT that has been answered, while the replicas are counted', async () => {
  const { run, waits, state } = createScript([1, 1], [1, 1, 1, 1]);
  const counted = Promise.withResolvers<void>();
  state.onWait = () => (state.onCount = () => counted.promise);
  const first = run();
  await settled();
  delete state.onCount;
  delete state.onWait;
  const second = run();
  await settled();
  expect(waits).toHaveLength(2);
  counted.resolve();
  expect(await Promise.all([first, second])).toEqual([true, true]);
});

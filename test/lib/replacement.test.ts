import { prepareAll } from '../../src/lib/replacement.ts';

function recorder() {
  const calls: string[] = [];
  const prepare = (name: string) => () => {
    calls.push(`prepare ${name}`);
    return { commit: () => calls.push(`commit ${name}`), discard: () => calls.push(`discard ${name}`) };
  };
  return { calls, prepare };
}

function broken(): never {
  throw new RangeError('broken');
}

test('prepares everything before the first commit', () => {
  const { calls, prepare } = recorder();
  prepareAll([prepare('a'), prepare('b')]).commit();
  expect(calls).toEqual(['prepare a', 'prepare b', 'commit a', 'commit b']);
});

test('discards the prepared steps and commits none when one throws', () => {
  const { calls, prepare } = recorder();
  expect(() => prepareAll([prepare('a'), broken, prepare('b')])).toThrow(RangeError);
  expect(calls).toEqual(['prepare a', 'discard a']);
});

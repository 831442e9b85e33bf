import { setFlagsFromString } from 'node:v8';
import { runInThisContext } from 'node:vm';
import { createTransport } from '../../src/upstream/transport.ts';
import { closedPort } from '../support/closed-port.ts';

/** Returns whether V8 gives an object a hidden class (fast properties) instead of a dictionary. */
function hasHiddenClass(object: object): boolean {
  setFlagsFromString('--allow-natives-syntax');
  try {
    return (runInThisContext('(object) => %HasFastProperties(object)') as typeof hasHiddenClass)(object);
  } finally {
    setFlagsFromString('--no-allow-natives-syntax');
  }
}

test('creates no exchange in a form that keeps the garbage of its call until a full collection', async () => {
  const closed = await closedPort();
  const transport = createTransport({
    baseUrl: new URL(`http://127.0.0.1:${closed.port}/`),
    localAddress: undefined,
    proxy: undefined,
    connectTimeoutMs: 1000,
  });
  const exchange = transport.post('/path', {}, { head() {}, chunk() {} });
  await expect(exchange.completed).rejects.toThrow();
  await transport.close();
  closed.release();
  expect(hasHiddenClass(exchange)).toBe(true);
  const withAccessor = {
    get started() {
      return exchange.started;
    },
  };
  expect(hasHiddenClass(withAccessor)).toBe(false);
});

import { startWorld } from '../support/world.ts';
import { parsedLines } from '../support/child.ts';

/** Preloads a module that runs `code` on SIGUSR2, to simulate a bug in a library. */
const faulty = (code: string) => ({
  NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(`process.on('SIGUSR2',()=>{${code}})`)}`,
});

test.each([
  ['an unhandled rejection', "Promise.reject(new Error('hun'+'ter2'))", 'unhandledRejection'],
  ['an uncaught exception', "setImmediate(()=>{throw new TypeError('not a function')})", 'uncaughtException'],
])('%s ends the program after requests in flight have finished', async (_what, code, event) => {
  const world = await startWorld(faulty(code));
  try {
    const id = world.freshContact();
    await world.sandbox.setFaults({ delayMs: 1000, contactId: id });
    const inFlight = world.get(`/contacts/${id}`);
    await world.sandbox.awaitCalls(id, 1);
    world.program.signal('SIGUSR2');
    expect((await inFlight).status).toBe(200);
    expect(await world.program.exited).toEqual({ code: 1, signal: null });
    const fatal = parsedLines(world.program.stdout()).filter((line) => line['level'] === 'fatal');
    expect(fatal).toMatchObject([{ event, error: { frames: expect.any(Array) } }]);
    expect(world.program.stdout() + world.program.stderr()).not.toMatch(/hunter2/);
  } finally {
    await world.stop();
  }
});

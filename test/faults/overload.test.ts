import { expectProblem } from '../support/problem.ts';
import { parsedLines } from '../support/child.ts';
import { startWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

/** Preloaded module that blocks the event loop, with short gaps, between two signals. */
const BUSY = `let timer;
process.on('SIGUSR2', () => {
  if (timer) return clearInterval(timer);
  timer = setInterval(() => { const end = Date.now() + 1500; while (Date.now() < end); }, 1);
});`;

test('rejects requests with 503 while the event loop lags, but not health checks', async () => {
  const world = await startWorld({
    NODE_OPTIONS: `--import=data:text/javascript,${encodeURIComponent(BUSY)}`,
  });
  try {
    const id = world.freshContact();
    expect((await world.get(`/contacts/${id}`)).status).toBe(200);
    world.program.signal('SIGUSR2');
    const refused = await waitFor('a rejected request', async () => {
      const answer = await world.get(`/contacts/${id}`);
      return answer.status !== 200 && answer;
    });
    expectProblem(refused, 503, 'OVERLOADED');
    expect(refused.headers['retry-after']).toBe('1');
    expect((await world.get('/healthz')).status).toBe(200);
    expect((await world.get('/readyz')).status).toBe(200);
    world.program.signal('SIGUSR2');
    await waitFor('a 200 response', async () => (await world.get(`/contacts/${id}`)).status === 200);
    await waitFor('the log', () => {
      const messages = parsedLines(world.program.stdout()).map((line) => String(line['msg']));
      return messages.includes('overloaded, shedding load') && messages.includes('no longer overloaded');
    });
  } finally {
    await world.stop();
  }
});

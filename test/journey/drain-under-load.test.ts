import autocannon from 'autocannon';
import { parsedLines } from '../support/child.ts';
import { startWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

test('SIGTERM under load completes every accepted request', async () => {
  const world = await startWorld({
    RATE_LIMIT_TIERS: '{"default":{"limit":10000000,"windowS":60}}',
    SHUTDOWN_GRACE_MS: '4000',
  });
  try {
    const id = world.freshContact();
    await world.get(`/contacts/${id}`);
    let answered = 0;
    const failures = new Map<string, number>();
    const finished = Promise.withResolvers<void>();
    const options = {
      url: `${world.program.url}/contacts/${id}`,
      headers: { authorization: `Bearer ${world.token()}`, 'x-request-id': 'load' },
      connections: 20,
      duration: 15,
    };
    const load = autocannon(options, () => finished.resolve());
    load.on('response', (_client, status) => {
      if (status === 200) answered += 1;
      else failures.set(String(status), (failures.get(String(status)) ?? 0) + 1);
    });
    load.on('reqError', (error: NodeJS.ErrnoException) => {
      const code = error.code ?? error.message;
      failures.set(code, (failures.get(code) ?? 0) + 1);
    });
    await waitFor('the load', () => answered > 500);
    world.program.signal('SIGTERM');
    expect(await world.program.exited).toEqual({ code: 0, signal: null });
    load.stop();
    await finished.promise;

    const requests = parsedLines(world.program.stdout()).filter((line) => line['requestId'] === 'load');
    expect(new Set(requests.map((line) => line['status']))).toEqual(new Set([200]));
    expect(answered).toBe(requests.length);
    failures.delete('ECONNREFUSED');
    expect(Object.fromEntries(failures)).toEqual({});
    expect(parsedLines(world.program.stdout())).toContainEqual(expect.objectContaining({ cutOff: 0 }));
  } finally {
    await world.stop();
  }
});

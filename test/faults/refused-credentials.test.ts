import { randomUUID } from 'node:crypto';
import { parsedLines } from '../support/child.ts';
import { expectProblem } from '../support/problem.ts';
import { startWorld } from '../support/world.ts';
import { waitFor } from '../support/wait-for.ts';

describe.each([
  ['error:INVALID_DEVELOPER_SECRET', 'UPSTREAM_CREDENTIALS_REJECTED'],
  ['error:IP_NOT_WHITELISTED', 'UPSTREAM_EGRESS_REJECTED'],
])('an upstream that responds to every call with %s', (mode, code) => {
  test('gets a call now and then, not for every request, and recovers when it accepts', async () => {
    const world = await startWorld();
    try {
      await world.sandbox.setFaults({ mode });
      for (let count = 0; count < 60; count += 1)
        expectProblem(await world.get(`/contacts/${randomUUID()}`), 502, code);
      expect((await world.sandbox.calls()).length).toBeLessThanOrEqual(20);
      const ready = (await world.admin('/readyz')).json();
      expect(ready.status).toBe('degraded');
      expect(JSON.stringify(ready)).not.toMatch(/breaker/);

      await world.sandbox.clearFaults();
      const id = world.freshContact();
      await waitFor('a 200 response', async () => (await world.get(`/contacts/${id}`)).status === 200);
      expect((await world.admin('/readyz')).json().status).toBe('ready');
      const loud = parsedLines(world.program.stdout()).filter((line) => line['level'] === 'error');
      expect(loud).toHaveLength(1);
    } finally {
      await world.stop();
    }
  });
});

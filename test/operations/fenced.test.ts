import { AppError } from '../../src/errors.ts';
import type { OperationServices } from '../../src/operations/services.ts';
import { fenced } from '../../src/operations/fenced.ts';

test('a write whose second contact cannot be fenced was not sent, and opens the first one', async () => {
  const events: string[] = [];
  const services = {
    monotonicNow: () => 0,
    sendWithinMs: 5000,
    async fence(_org: string, contact: string) {
      if (contact === 'second') throw new AppError('CACHE_UNAVAILABLE', { retryAfterS: 1 });
      return {
        open: async () => void events.push(`open ${contact}`),
        uncertain: () => void events.push(`uncertain ${contact}`),
      };
    },
  } as unknown as OperationServices;
  const call = async () => void events.push('sent');
  const inner = () => fenced(services, { org: 'o', contact: 'second' }, call);
  await expect(fenced(services, { org: 'o', contact: 'first' }, inner)).rejects.toMatchObject({
    code: 'CACHE_UNAVAILABLE',
    details: { outcome: 'none' },
  });
  expect(events).toEqual(['open first']);
});

test.each([
  ['while it was fenced', 'fence'],
  ['while it was prepared', 'prepare'],
])('a write of a process that was paused %s is not sent', async (_when, pausedStep) => {
  let time = 0;
  const events: string[] = [];
  const step = async (name: string): Promise<void> => {
    if (name === pausedStep) time += 5001;
  };
  const services = {
    monotonicNow: () => time,
    sendWithinMs: 5000,
    async fence() {
      await step('fence');
      return { open: async () => void events.push('open'), uncertain: () => void events.push('uncertain') };
    },
  } as unknown as OperationServices;
  const call = async () => void events.push('sent');
  await expect(
    fenced(services, { org: 'o', contact: 'c' }, call, () => step('prepare')),
  ).rejects.toMatchObject({ code: 'CACHE_UNAVAILABLE', details: { outcome: 'none' } });
  expect(events).toEqual(['open']);
});

import { AppError } from '../../src/errors.ts';
import type { OperationServices } from '../../src/operations/services.ts';
import { fenced } from '../../src/operations/write.ts';

test('a write whose second contact cannot be fenced was not sent, and opens the first one', async () => {
  const events: string[] = [];
  const services = {
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

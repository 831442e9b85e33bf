import type { Request } from 'express';
import { createRouter } from '../../src/http/application.ts';
import { messagesOf } from '../../src/http/messages.ts';

test('`ip` looks at a bounded number of the addresses in X-Forwarded-For', () => {
  const router = createRouter(1);
  let asked = 0;
  router.set('trust proxy', () => (asked += 1) > 0);
  const { IncomingMessage } = messagesOf(router);
  const message = (forwardedFor: string) =>
    Object.create(IncomingMessage.prototype, {
      socket: { value: { remoteAddress: '::ffff:10.0.0.1' } },
      headers: { value: { 'x-forwarded-for': forwardedFor } },
    }) as Request;
  expect(message('192.0.2.7:4711').ip).toBe('192.0.2.7');
  asked = 0;
  expect(message(`192.0.2.7,${'10.0.0.2,'.repeat(1700)}`).ip).toBe('10.0.0.2');
  expect(asked).toBeLessThan(50);
});

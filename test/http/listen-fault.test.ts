import { listenFault } from '../../src/http/listen-fault.ts';

test.each([
  ['EADDRINUSE', 'ADMIN_PORT'],
  ['EACCES', 'ADMIN_PORT'],
  ['EADDRNOTAVAIL', 'ADMIN_HOST'],
  ['ENOTFOUND', 'ADMIN_HOST'],
  ['EAI_AGAIN', 'ADMIN_HOST'],
  ['ETIMEDOUT', 'ADMIN_HOST'],
  ['EAFNOSUPPORT', 'ADMIN_HOST'],
  ['EINVAL', 'ADMIN_HOST'],
])('%s is put down to %s', (code, variable) => {
  const fault = listenFault(code, { host: 'ADMIN_HOST', port: 'ADMIN_PORT' });
  expect(fault).toEqual({ variable, advice: expect.stringContaining(variable) });
});

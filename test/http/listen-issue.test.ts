import { listenIssue } from '../../src/http/listen-issue.ts';

test.each([
  ['EADDRINUSE', 'ADMIN_PORT'],
  ['EACCES', 'ADMIN_PORT'],
  ['EADDRNOTAVAIL', 'ADMIN_HOST'],
  ['ENOTFOUND', 'ADMIN_HOST'],
  ['EAI_AGAIN', 'ADMIN_HOST'],
  ['ETIMEDOUT', 'ADMIN_HOST'],
  ['EAFNOSUPPORT', 'ADMIN_HOST'],
  ['EINVAL', 'ADMIN_HOST'],
])('names the variable to change: %s, %s', (code, variable) => {
  const issue = listenIssue(code, { host: 'ADMIN_HOST', port: 'ADMIN_PORT' });
  expect(issue).toEqual({ variable, advice: expect.stringContaining(variable) });
});

import { loadConfig } from '../../src/config/index.ts';
import { GOOD, issuesOf } from '../support/config.ts';

describe('TRUST_PROXY', () => {
  test.each([
    ['2', 2],
    ['0', 0],
    ['10.0.0.0/8, ::1,loopback', ['10.0.0.0/8', '::1', 'loopback']],
  ])('accepts %s', (text, value) => {
    expect(loadConfig({ ...GOOD, TRUST_PROXY: text }).trustProxy).toEqual(value);
  });

  test.each(['true', '17', '10.0.0.0/33', 'proxy.example.com', '1,2', '-1'])('rejects %s', (text) => {
    expect(issuesOf({ ...GOOD, TRUST_PROXY: text })).toEqual([
      expect.stringMatching(/^TRUST_PROXY: must be the number of proxies/),
    ]);
  });
});

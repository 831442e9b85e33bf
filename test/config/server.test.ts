import { loadConfig } from '../../src/config/index.ts';
import { GOOD, issuesOf, namesOf } from '../support/config.ts';

describe('TRUST_PROXY', () => {
  test.each([
    ['2', 2],
    ['0', 0],
    ['10.0.0.0/8, ::1,loopback', ['10.0.0.0/8', '::1', 'loopback']],
    ['::ffff:10.0.0.1,64:ff9b::/96', ['::ffff:10.0.0.1', '64:ff9b::/96']],
  ])('accepts %s', (text, value) => {
    expect(loadConfig({ ...GOOD, TRUST_PROXY: text }).trustProxy).toEqual(value);
  });

  test.each([
    'true',
    '17',
    '10.0.0.0/33',
    'proxy.example.com',
    '1,2',
    '-1',
    '64:ff9b::192.0.2.33',
    '::1.2.3.4',
  ])('rejects %s', (text) => {
    expect(issuesOf({ ...GOOD, TRUST_PROXY: text })).toEqual([
      expect.stringMatching(/^TRUST_PROXY: must be the number of proxies/),
    ]);
  });
});

test.each(['http://0.0.0.0', '0.0.0.0:3000', '[::1]', 'two words', '0', '127.1', '1.2.3.256', 'a..b', 'a/b'])(
  'rejects the host %s, which is not an address',
  (host) => {
    expect(namesOf({ ...GOOD, HOST: host, ADMIN_HOST: host })).toEqual(['ADMIN_HOST', 'HOST']);
  },
);

test.each(['0.0.0.0', '::', 'fe80::1%eth0', 'localhost', 'bff_1', 'my-host.example.com'])(
  'accepts the host %s',
  (host) => {
    expect(loadConfig({ ...GOOD, HOST: host }).http.host).toBe(host);
  },
);

describe('ADMIN_TOKEN', () => {
  test.each([
    '127.0.0.1',
    '127.255.0.3',
    '::1',
    '0:0:0:0:0:0:0:1',
    '::FFFF:127.0.0.1',
    '::ffff:7f00:2',
    'LocalHost',
  ])('is optional with the loopback ADMIN_HOST %s', (host) => {
    expect(issuesOf({ ...GOOD, ADMIN_HOST: host })).toEqual([]);
  });

  test.each([
    '0.0.0.0',
    '::',
    '::ffff:0.0.0.0',
    '::ffff:192.0.2.1',
    '::127.0.0.1',
    '128.0.0.1',
    'localhost.example',
  ])('is required with ADMIN_HOST %s', (host) => {
    expect(namesOf({ ...GOOD, ADMIN_HOST: host })).toEqual(['ADMIN_TOKEN']);
  });
});

describe('ADMIN_PORT equal to PORT', () => {
  const PORTS = { PORT: '3999', ADMIN_PORT: '3999', ADMIN_TOKEN: 'an-operator-token' };

  test.each([
    [undefined, '127.0.0.1'],
    ['::0', '127.0.0.1'],
    ['::ffff:0.0.0.0', '192.0.2.1'],
    ['127.0.0.1', '::ffff:127.0.0.1'],
    ['2001:DB8::1', '2001:db8:0::1'],
    ['localhost', '127.0.0.1'],
    ['::1', 'LocalHost'],
    ['BFF.example', 'bff.example'],
  ])('is an issue with HOST %s and ADMIN_HOST %s', (host, adminHost) => {
    expect(issuesOf({ ...GOOD, ...PORTS, HOST: host, ADMIN_HOST: adminHost })).toEqual([
      'ADMIN_PORT: is equal to PORT: set another port',
    ]);
  });

  test.each([
    ['127.0.0.1', '127.0.0.2'],
    ['127.0.0.1', '::1'],
    ['192.0.2.1', 'localhost'],
    ['a.example', 'b.example'],
  ])('is accepted with HOST %s and ADMIN_HOST %s', (host, adminHost) => {
    expect(issuesOf({ ...GOOD, ...PORTS, HOST: host, ADMIN_HOST: adminHost })).toEqual([]);
  });

  test('is not reported if the system chooses both, or if one has an issue of its own', () => {
    expect(issuesOf({ ...GOOD, ...PORTS, PORT: '0', ADMIN_PORT: '0' })).toEqual([]);
    expect(namesOf({ ...GOOD, PORT: '3001', ADMIN_PORT: 'x' })).toEqual(['ADMIN_PORT']);
  });
});

import { diagnose, hasReason } from '../../src/redis/redis-diagnosis.ts';

function reply(message: string): Error {
  return Object.assign(new Error(message), { name: 'ReplyError' });
}
/** The reply of Redis 6.2 to a script with a command that it rejects. */
const in62 = (message: string) =>
  `ERR Error running script (call to f_0b5e): @user_script:1: @user_script: 1: -${message}`;
const withCode = (code: string) => Object.assign(new Error('connect'), { code });

describe('a server that rejects a command', () => {
  test.each([
    ["OOM command not allowed when used memory > 'maxmemory'.", 'OOM'],
    ["READONLY You can't write against a read only replica.", 'READONLY'],
    ['MISCONF Redis is configured to save RDB snapshots', 'MISCONF'],
    [in62("READONLY You can't write against a read only replica."), 'READONLY'],
    [in62("OOM command not allowed when used memory > 'maxmemory'."), 'OOM'],
    [in62('MISCONF Redis is configured to save RDB snapshots'), 'MISCONF'],
    ["NOPERM this user has no permissions to run the 'evalsha' command", 'NOPERM'],
    ['ERR ACL failure in script: User zbff has no permissions to run the command', 'NOPERM'],
    ["ERR unknown command 'EVALSHA'", 'ERR'],
    ['WRONGTYPE Operation against a key holding the wrong kind of value', 'WRONGTYPE'],
    ['SOMETHINGNEW that is unknown', 'SOMETHINGNEW'],
  ])('%s', (message, code) => {
    expect(diagnose(reply(message), undefined)).toMatchObject({ code, answered: true });
  });
});

describe('an unusable server', () => {
  test.each([
    [reply('LOADING Redis is loading the dataset in memory'), 'LOADING'],
    [reply('CLUSTERDOWN Hash slot not served'), 'CLUSTERDOWN'],
    [reply('MOVED 866 10.0.0.7:6379'), 'MOVED'],
    [reply('NOAUTH Authentication required.'), 'NOAUTH'],
    [reply('ERR This instance has cluster support disabled'), 'NOT_A_CLUSTER'],
    [withCode('ECONNREFUSED'), 'ECONNREFUSED'],
    [Object.assign(new Error('late'), { name: 'TimeoutError' }), 'TIMEOUT'],
    [new Error('All sentinels are unreachable. Retrying from scratch after 10ms.'), 'NO_SENTINEL'],
    [Object.assign(new Error('None'), { lastNodeError: withCode('ECONNREFUSED') }), 'ECONNREFUSED'],
    [
      Object.assign(new Error('All sentinels are unreachable.'), {
        lastNodeError: withCode('CERT_HAS_EXPIRED'),
      }),
      'CERT_HAS_EXPIRED',
    ],
    [reply('ERR max number of clients reached'), 'MAXCLIENTS'],
    ['no error at all', 'UNKNOWN'],
  ])('%s', (error, code) => {
    expect(diagnose(error, undefined)).toMatchObject({ code, answered: false });
  });

  test('prefers the connection error to the error of a command without a connection', () => {
    const none = new Error("Stream isn't writeable and enableOfflineQueue options is false");
    expect(diagnose(none, undefined).code).toBe('UNCONNECTED');
    expect(diagnose(none, withCode('ENOTFOUND'))).toMatchObject({ code: 'ENOTFOUND', answered: false });
    expect(diagnose(none, reply('WRONGPASS invalid username-password pair'))).toEqual({
      code: 'WRONGPASS',
      advice: 'check the user and the password for Redis',
      answered: false,
    });
    expect(diagnose(none, withCode('SELF_SIGNED_CERT_IN_CHAIN')).advice).toMatch(/NODE_EXTRA_CA_CERTS/);
  });
});

test('reveals nothing of a request or reply except the code', () => {
  const fault = diagnose(reply("ERR value 'Jane Smith' of secret-key is wrong"), undefined);
  expect(JSON.stringify(fault)).not.toMatch(/Jane|secret-key/);
});

test.each([
  ['CERT_HAS_EXPIRED', /expired/],
  ['CERT_NOT_YET_VALID', /not valid yet/],
  ['ERR_TLS_CERT_ALTNAME_INVALID', /another host/],
  ['UNABLE_TO_VERIFY_LEAF_SIGNATURE', /NODE_EXTRA_CA_CERTS/],
  ['DEPTH_ZERO_SELF_SIGNED_CERT', /NODE_EXTRA_CA_CERTS/],
  ['ERR_SSL_WRONG_VERSION_NUMBER', /rediss:\/\/ against redis:\/\//],
])('%s has advice of its own', (code, advice) => {
  expect(diagnose(withCode(code), undefined).advice).toMatch(advice);
});

test('finds no reason in an error that only reports a missing connection', () => {
  expect(hasReason(new Error('Connection is closed.'))).toBe(false);
  expect(hasReason(withCode('ECONNREFUSED'))).toBe(true);
});

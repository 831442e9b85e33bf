import { addressesInHosts, candidates, parseSearchList } from '../../src/dns/system-files.ts';

test('finds every address of a name in the hosts file, in any case and with comments', () => {
  const text = [
    '# 192.0.2.9 redis',
    '127.0.0.1\tlocalhost  Redis.Example redis # main',
    '::1 localhost redis',
    'not-an-address redis',
    '192.0.2.7 redis-other',
  ].join('\n');
  expect(addressesInHosts(text, 'REDIS')).toEqual([
    { address: '127.0.0.1', family: 4 },
    { address: '::1', family: 6 },
  ]);
  expect(addressesInHosts(text, 'redis.example.')).toEqual([{ address: '127.0.0.1', family: 4 }]);
  expect(addressesInHosts(text, 'main')).toEqual([]);
  expect(addressesInHosts('', 'redis')).toEqual([]);
});

test('uses the last search list of resolv.conf, and orders the candidates by ndots', () => {
  const kubernetes = parseSearchList(
    'search ignored.example\nnameserver 192.0.2.53\nsearch shop.svc.cluster.local svc.cluster.local.\noptions timeout:1 ndots:5\n',
  );
  expect(kubernetes).toEqual({ domains: ['shop.svc.cluster.local', 'svc.cluster.local'], ndots: 5 });
  expect(candidates('redis', kubernetes)).toEqual([
    'redis.shop.svc.cluster.local',
    'redis.svc.cluster.local',
    'redis',
  ]);
  expect(candidates('app.example.com', parseSearchList('domain example.org'))).toEqual([
    'app.example.com',
    'app.example.com.example.org',
  ]);
  expect(candidates('app.example.com.', kubernetes)).toEqual(['app.example.com.']);
  expect(candidates('redis', parseSearchList('# search example.org'))).toEqual(['redis']);
});

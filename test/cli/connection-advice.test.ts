import { connectionAdvice } from '../../src/cli/doctor/connection-advice.ts';

test.each([
  ['HTTP_307', 'a redirect'],
  ['HTTP_401', 'it rejects the call'],
  ['HTTP_403', 'it rejects the call'],
  ['HTTP_404', 'the path does not exist'],
  ['HTTP_410', 'the path does not exist'],
  ['HTTP_429', 'it limits the rate of calls'],
  ['HTTP_400', 'it rejects the request'],
  ['HTTP_405', 'it rejects the request'],
  ['HTTP_413', 'it rejects the request'],
  ['HTTP_500', 'it has a server error'],
  ['ECONNREFUSED', 'nothing listens on this port'],
  ['SELF_SIGNED_CERT_IN_CHAIN', 'its certificate is not trusted'],
  ['NOT_JSON', 'the response is not as documented'],
])('%s: %s', (code, advice) => {
  expect(connectionAdvice(code)).toContain(advice);
});

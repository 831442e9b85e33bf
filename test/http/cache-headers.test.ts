import { clientCacheControl } from '../../src/http/cache-headers.ts';

test.each([
  { ttlS: 41, ageS: 19, clientMaxAgeS: 0, value: 'private, no-cache' },
  { ttlS: 41, ageS: 19, clientMaxAgeS: 3600, value: 'private, max-age=60' },
  { ttlS: 41, ageS: 19, clientMaxAgeS: 5, value: 'private, max-age=24' },
  { ttlS: 0, ageS: 19, clientMaxAgeS: 5, value: 'private, max-age=19' },
  { ttlS: -12, ageS: 72, clientMaxAgeS: 3600, value: 'private, max-age=72' },
  { ttlS: 60, ageS: 0, clientMaxAgeS: 60, value: 'private, max-age=60' },
])(
  'sends "$value" for Age $ageS, $ttlS s of freshness and CLIENT_MAX_AGE_S=$clientMaxAgeS',
  ({ ttlS, ageS, clientMaxAgeS, value }) => {
    expect(clientCacheControl(ttlS, ageS, clientMaxAgeS)).toBe(value);
  },
);

import express from 'express';
import { pino } from 'pino';
import request from 'supertest';
import type { ContactQuery } from '../../src/contact/read-contact.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import type { OperationServices } from '../../src/operations/services.ts';
import { mountOperations, operationsOn } from '../../src/operations/mount.ts';
import { errorResponse } from '../../src/http/error-response.ts';
import { requestContext } from '../../src/http/middleware/context.ts';
import { contextOf } from '../../src/http/request-context.ts';

const ID = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const SCOPES = {
  read: 'contacts:read',
  bypassCache: 'cache:bypass',
  includes: { profile: 'contacts:profile', signals: 'contacts:signals' },
  operations: {},
};

const SETTINGS = { scopes: SCOPES, maxBatchSize: 50, writes: false, brandId: undefined };

let queries: ContactQuery[];
beforeEach(() => void (queries = []));

const silent = pino({ level: 'silent' });
const found = { bytes: Buffer.from('{}'), contentHash: 'abc', fetchedAt: 0, staleAt: 0 };
let broken: string | undefined;
beforeEach(() => (broken = undefined));

/** Serves the routes to a caller with these scopes. Two includes require a scope of their own. */
function server(...held: string[]) {
  const app = express();
  app.set('query parser', 'simple');
  app.use(requestContext(), (req, _res, next) => {
    contextOf(req).caller = {
      issuer: 'i',
      subject: 's',
      org: ID,
      member: ID,
      scopes: new Set(held),
      tier: undefined,
    };
    next();
  });
  mountOperations(app, operationsOn(OPERATIONS, SETTINGS), {
    before: () => [],
    response: { compressFromBytes: 1024, clientMaxAgeS: 0, monotonicNow: Date.now },
    services: {
      settings: SETTINGS,
      readContact: async (query) => {
        queries.push(query);
        if (query.contact === broken) throw new TypeError('broken');
        return Object.fromEntries(['contact' as const, ...query.parts].map((name) => [name, found]));
      },
      batchParallelism: 8,
      monotonicNow: Date.now,
      onUnexpected: () => {},
      // The operations that need the rest are off.
    } as Partial<OperationServices> as OperationServices,
  });
  app.use(errorResponse(silent));
  return request(app);
}

test.each([
  [`/contacts/${ID}`, 'contacts:read'],
  [`/contacts/${ID}?include=notes,entity`, 'contacts:read'],
  [`/contacts/${ID}?include=profile`, 'contacts:read contacts:profile'],
  [`/contacts/${ID}/profile`, 'contacts:read contacts:profile'],
  [`/contacts?ids=${ID}&include=signals,profile`, 'contacts:read contacts:profile contacts:signals'],
])('%s returns 200 when the caller has the scopes %s', async (path, scopes) => {
  expect((await server(...scopes.split(' ')).get(path)).status).toBe(200);
  expect(queries).toHaveLength(1);
});

test.each([
  [`/contacts/${ID}?include=profile`, 'contacts:read', 'contacts:profile'],
  [`/contacts/${ID}?include=notes,profile,entity`, 'contacts:read', 'contacts:profile'],
  [`/contacts/${ID}?include=signals&include=profile`, 'contacts:read', 'contacts:signals contacts:profile'],
  [`/contacts/${ID}?include=profile`, 'contacts:profile', 'contacts:read'],
  [`/contacts/${ID}/profile`, 'contacts:read', 'contacts:profile'],
  [`/contacts/${ID}/signals`, 'contacts:read contacts:profile', 'contacts:signals'],
  [`/contacts?ids=${ID}&include=notes,signals`, 'contacts:read', 'contacts:signals'],
])('%s with the scopes %s returns 403 naming %s, and reads nothing', async (path, held, missing) => {
  const response = await server(...held.split(' ')).get(path);
  expect({ status: response.status, code: response.body.code }).toEqual({
    status: 403,
    code: 'INSUFFICIENT_SCOPE',
  });
  const named = /scope="([^"]*)"/.exec(response.headers['www-authenticate'] ?? '')?.[1]?.split(' ');
  expect(new Set(named)).toEqual(new Set(missing.split(' ')));
  expect(response.body.detail).toContain(missing.split(' ')[0]);
  expect(queries).toEqual([]);
});

test('does not pass scopes to the read, so that callers of all scopes share an entry', async () => {
  const path = `/contacts/${ID}?include=profile`;
  await server('contacts:read', 'contacts:profile').get(path);
  await server('contacts:read', 'contacts:profile', 'contacts:signals', 'admin').get(path);
  expect(queries[0]).toEqual(queries[1]);
  expect(JSON.stringify(queries)).not.toContain('contacts:');
});

test('reports an unexpected error for its contact alone, and returns the rest of the batch', async () => {
  broken = crypto.randomUUID();
  const response = await server('contacts:read').get(`/contacts?ids=${ID},${broken}`);
  expect(response.status).toBe(200);
  expect(response.body.data).toHaveLength(1);
  expect(response.body.errors).toEqual([
    { id: broken, status: 500, code: 'INTERNAL_ERROR', title: 'Internal error' },
  ]);
});

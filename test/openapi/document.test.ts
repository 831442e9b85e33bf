import { readFileSync } from 'node:fs';
import { ERROR_CODES } from '../../src/errors.ts';
import { SCOPES_FILE } from '../../src/config/auth.ts';
import { HTTP_FILE } from '../../src/config/server.ts';
import { OPERATIONS } from '../../src/operations/index.ts';
import { adminOpenApiDocument } from '../../src/openapi/admin-document.ts';
import { openApiBytes, openApiDocument } from '../../src/openapi/document.ts';
import type { Json } from '../support/http.ts';
import { ADMIN_DOCUMENT_FILE, DOCUMENT_FILE } from '../support/openapi-contract.ts';

const { maxBatchSize } = HTTP_FILE.load();
const ALL_ON = { writes: true, brandId: 1 };
const document: Json = openApiDocument({ ...ALL_ON, maxBatchSize, scopes: SCOPES_FILE.load() });

test('the committed OpenAPI files match the code (update them with npm run openapi)', () => {
  expect(openApiBytes(document).toString()).toBe(readFileSync(DOCUMENT_FILE, 'utf8'));
  expect(openApiBytes(adminOpenApiDocument()).toString()).toBe(readFileSync(ADMIN_DOCUMENT_FILE, 'utf8'));
});

test('documents every route of the public port', () => {
  expect(Object.keys(document.paths).toSorted()).toEqual(
    [
      ...new Set(OPERATIONS.map(({ path }) => path.replaceAll(/:(\w+)/g, '{$1}'))),
      '/docs',
      '/healthz',
      '/openapi.json',
      '/readyz',
    ].toSorted(),
  );
});

test('lists every error code that is sent, with an example if a route returns it', () => {
  const listed: string[] = document.components.schemas.ErrorCode.enum;
  expect(listed.toSorted()).toEqual(ERROR_CODES.filter((code) => code !== 'CLIENT_GONE').toSorted());
  const text = JSON.stringify([document.paths, document.components.responses]);
  const ofNoRoute = ['ROUTE_NOT_FOUND', 'METHOD_NOT_ALLOWED'];
  const withoutExample = listed.filter((code) => !text.includes(`"${code}":{"summary"`));
  expect(withoutExample.toSorted()).toEqual(ofNoRoute.toSorted());
});

test('documents the limits and scopes of the settings', () => {
  const own: Json = openApiDocument({
    ...ALL_ON,
    maxBatchSize: 7,
    scopes: { read: 'crm:read', bypassCache: 'crm:bypass', includes: { notes: 'crm:notes' }, operations: {} },
  });
  expect(own.components.parameters.ContactIds.schema.maxItems).toBe(7);
  const { get } = own.paths['/contacts/{id}/notes'];
  expect(get.security).toEqual([{ bearer: ['crm:read'] }]);
  expect(get.description).toContain('crm:notes');
});

import { readFileSync } from 'node:fs';
import express from 'express';
import { dashboardFiles } from '../../src/admin/dashboard.ts';
import { mountAdmin, type AdminOptions } from '../../src/admin/routes.ts';
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
const adminDocument: Json = adminOpenApiDocument();

test('the committed OpenAPI files match the code (update them with npm run openapi)', () => {
  expect(openApiBytes(document).toString()).toBe(readFileSync(DOCUMENT_FILE, 'utf8'));
  expect(openApiBytes(adminDocument).toString()).toBe(readFileSync(ADMIN_DOCUMENT_FILE, 'utf8'));
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

test('documents every route of the admin port, but not the assets of the dashboard', () => {
  const router = express();
  mountAdmin(router, {
    openApi: Buffer.from('{}'),
    maxBodyBytes: 1,
    operator: (_req, _res, next) => next(),
  } as AdminOptions);
  const routes = router.router.stack.flatMap(({ route }) => route?.path ?? []);
  expect(routes).toContain('/openapi.json');
  const assets = new Set(dashboardFiles().keys());
  expect(Object.keys(adminDocument.paths).toSorted()).toEqual(
    routes.filter((route) => !assets.has(route)).toSorted(),
  );
});

test('every route of both ports documents INVALID_REQUEST and CONTENT_TOO_LARGE', () => {
  const operations = [document, adminDocument].flatMap(({ paths }) =>
    Object.values<Json>(paths).flatMap((methods) => Object.values<Json>(methods)),
  );
  expect(operations.length).toBeGreaterThan(20);
  const lacking = operations.filter(({ responses }) => !responses[400] || !responses[413]);
  expect(lacking.map(({ operationId }) => operationId)).toEqual([]);
});

/** Returns the operations whose response of a status contains a text, as `method path`. */
function operationsWith(status: number, text = '{'): string[] {
  return Object.entries<Json>(document.paths).flatMap(([path, methods]) =>
    Object.entries<Json>(methods)
      .filter(([, { tags }]) => tags[0] === 'Contacts')
      .filter(([, { responses }]) => JSON.stringify(responses[status] ?? null).includes(text))
      .map(([method]) => `${method} ${path}`),
  );
}

test('an operation documents only the errors and headers that it returns', () => {
  const writes = operationsWith(422, '"IDEMPOTENCY_KEY_REUSED"');
  expect(writes).toHaveLength(5);
  expect(operationsWith(400, '"INVALID_INCLUDE"')).toEqual(expect.arrayContaining(writes));
  expect(operationsWith(409, '"CONTACT_EXISTS"')).toEqual(['post /contacts']);
  expect(operationsWith(201, '"Location"')).toEqual(['post /contacts']);
  expect(operationsWith(200, '"Location"')).toEqual([]);
  const withPrecondition = operationsWith(412).filter((one) => !/^(get|head) /.test(one));
  expect(withPrecondition).toEqual(['patch /contacts/{id}']);
  const withoutContact = ['get /members', 'post /contacts/lookup'];
  for (const one of withoutContact) expect(operationsWith(404)).not.toContain(one);
  expect(operationsWith(422, '"UPSTREAM_REFUSED"').toSorted()).toEqual(
    [...writes, ...withoutContact].toSorted(),
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

test('each example of a header matches the pattern of the header', () => {
  const headers: [string, Json][] = Object.entries(document.components.headers);
  const differing = headers.filter(
    ([, { schema, example }]) => !new RegExp(schema.pattern ?? '').test(example),
  );
  expect(differing).toEqual([]);
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

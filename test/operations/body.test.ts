import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import { z } from 'zod';
import { isAppError } from '../../src/errors.ts';
import { openContext, RequestContext } from '../../src/http/request-context.ts';
import { jsonSchema } from '../../src/openapi/parameters.ts';
import { JSON_BODY, parseBody, type BodyDefinition } from '../../src/operations/body.ts';
import { OPERATIONS } from '../../src/operations/index.ts';

/** Returns the detail of the problem, or undefined if the body is accepted. */
function detailOf(definition: BodyDefinition<unknown>, body: unknown): string | undefined {
  try {
    parse(definition, body, 'application/json');
  } catch (error) {
    if (isAppError(error, 'INVALID_BODY')) return error.details.detail;
    throw error;
  }
  return undefined;
}

function parse(definition: BodyDefinition<unknown>, body: unknown, type: string): unknown {
  const req = { headers: { 'content-type': type } } as Partial<Request> as Request;
  const context = new RequestContext('id', {} as ServerResponse);
  context.body = Buffer.from(JSON.stringify(body));
  openContext(req, context);
  return parseBody(req, definition).body;
}

const VALUES = [undefined, null, 7, true, '', ' ', 'x', 'x'.repeat(20_000), [], ['x'], {}, { x: 1 }];
const WITH_BODY = OPERATIONS.filter(({ body }) => body);

test.each(WITH_BODY.map((operation) => [operation.id, operation] as const))(
  'the details of %s are in own words for every wrong value of a member',
  (_id, { body, docs }) => {
    const { properties } = jsonSchema(body!.schema) as { properties: object };
    const details = Object.keys(properties).flatMap((member) =>
      VALUES.map((value) => detailOf(body!, { ...(docs.body!.example as object), [member]: value })),
    );
    const wrong = details.filter((detail) => detail !== undefined);
    expect(wrong.length).toBeGreaterThan(0);
    for (const detail of wrong) expect(detail).toMatch(/^The (body|member "[\w.]+") must (be|have) [^:]+\.$/);
  },
);

test('rejects empty data of an activity', () => {
  const { body } = OPERATIONS.find(({ id }) => id === 'logActivity')!;
  const problem = 'The member "data" must be a text that is not empty, or an object.';
  expect(detailOf(body!, { type: 'call', data: '' })).toBe(problem);
  expect(detailOf(body!, { type: 'call', data: 7 })).toBe(problem);
  expect(detailOf(body!, { type: 'call' })).toBe(problem);
  expect(detailOf(body!, { type: 'call', data: {} })).toBeUndefined();
});

test('never sends a message of the library', () => {
  const schema = z.strictObject({ count: z.number().min(1), list: z.union([z.string().min(1), z.null()]) });
  const definition = { schema, mediaTypes: JSON_BODY };
  expect(detailOf(definition, { count: 0, list: null })).toBe('The member "count" is not valid.');
  expect(detailOf(definition, { count: 'x', list: null })).toBe('The member "count" is not valid.');
  for (const list of ['', 7])
    expect(detailOf(definition, { count: 1, list })).toBe('The member "list" is not valid.');
  expect(detailOf(definition, { count: 1, list: null, more: 1 })).toBe('The member "more" is unknown.');
});

const ANY = { schema: z.object(), mediaTypes: JSON_BODY };

test.each([
  'application/json',
  'APPLICATION/JSON',
  'application/json;',
  'application/json ; ',
  'application/json;;charset=utf-8',
  'application/json; charset=UTF-8',
  'application/json; charset=utf8',
  'application/json;charset="utf-8"',
  'application/json; charset="\\utf-8";',
  'application/json; profile="x"',
  'application/json; profile="a; charset=latin1"; charset=utf-8',
  'application/json; charset=utf-8; profile=https://example.com/x',
])('accepts a body with the Content-Type %s', (type) => {
  expect(parse(ANY, {}, type)).toEqual({});
});

test.each([
  '',
  'json',
  'application/',
  'application/json5',
  'application/json x',
  'application/json, text/plain',
  'application/merge-patch+json',
  'text/plain; profile=application/json',
  'application/json; charset=iso-8859-1',
  'application/json; profile="x"; charset=utf-16',
  'application/json; charset=""',
  'application/json; CHARSET=latin1',
])('rejects a body with the Content-Type "%s"', (type) => {
  expect(() => parse(ANY, {}, type)).toThrow('UNSUPPORTED_MEDIA_TYPE');
});

import { ref, type JsonSchema } from '../lib/json-schema.ts';
import { isWrite } from '../operations/mount.ts';
import type { Operation } from '../operations/operation.ts';
import { responseHeaders } from './headers.ts';

const CONTACT_HEADERS = responseHeaders(
  'ETag',
  'Cache-Control',
  'Age',
  'Vary',
  'Cache-Status',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
);
const RESULT_NAMES = ['Cache-Control-None', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id'] as const;
const RESULT_HEADERS = responseHeaders(...RESULT_NAMES);
const WRITE_NAMES = [...RESULT_NAMES, 'Idempotency-Replayed', 'Preference-Applied'] as const;
const WRITE_HEADERS = responseHeaders(...WRITE_NAMES);

/** Returns the responses of an operation that are not errors, by status. */
export function successResponses(operation: Operation): Record<string, JsonSchema> {
  const { status, description, members, examples } = operation.docs.success;
  if (isWrite(operation)) return writeResponses(operation);
  const content = members && jsonContent(objectOf(members), examples);
  if (status !== undefined) return { [status]: { description, headers: RESULT_HEADERS, ...content } };
  return {
    200: { description, headers: CONTACT_HEADERS, ...content },
    304: { description: 'Not modified.', headers: CONTACT_HEADERS },
  };
}

const REPRESENTATION = ref('schemas', 'ContactParts');
const RECONCILED: JsonSchema = {
  const: true,
  description: 'A repeat has found that the first attempt, whose outcome was unknown, was carried out.',
};

/** `Prefer: return=representation` replaces the data by the contact, and gives a 204 a body and the status 200. */
function writeResponses({ docs }: Operation): Record<string, JsonSchema> {
  const { status, otherStatus, description, members, examples, hasLocation } = docs.success;
  const written = members?.['data'];
  const data = written ? { anyOf: [written, REPRESENTATION] } : REPRESENTATION;
  const schema = objectOf({ data }, { reconciled: RECONCILED });
  const withBody = { description, headers: WRITE_HEADERS, ...jsonContent(schema, examples) };
  if (!written) {
    return {
      200: { ...withBody, description: `${description} With \`Prefer: return=representation\`.` },
      204: { description, headers: WRITE_HEADERS },
    };
  }
  const first = hasLocation
    ? { ...withBody, headers: responseHeaders(...WRITE_NAMES, 'Location') }
    : withBody;
  return { [status!]: first, ...(otherStatus !== undefined && { [otherStatus]: withBody }) };
}

function jsonContent(schema: JsonSchema, examples: JsonSchema | undefined) {
  return { content: { 'application/json': { schema, ...(examples && { examples }) } } };
}

function objectOf(
  required: Readonly<Record<string, JsonSchema>>,
  optional: Readonly<Record<string, JsonSchema>> = {},
): JsonSchema {
  const properties = { ...required, ...optional };
  return { type: 'object', required: Object.keys(required), properties, additionalProperties: false };
}

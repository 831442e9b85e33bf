import type { HeaderName } from './headers.ts';
import type { JsonSchema } from '../lib/json-schema.ts';
import { OPERATIONS } from '../operations/index.ts';
import type { Operation } from '../operations/operation.ts';
import type { OperationSettings } from '../operations/settings.ts';
import { responseHeaders } from './headers.ts';
import { jsonSchema, parameters } from './parameters.ts';
import { failures, thrownBy } from './problems.ts';

/** Returns the paths of all operations that require a token. */
export function operationPaths(settings: OperationSettings): Record<string, JsonSchema> {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  const on = OPERATIONS.filter(({ isOn }) => isOn?.(settings) ?? true);
  for (const operation of on) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    const described = describe(operation, settings);
    paths[path] = { ...paths[path], [operation.method]: described };
    if (operation.docs.head) paths[path]['head'] = describeHead(described, operation.docs.head);
  }
  return paths;
}

function describe(operation: Operation, settings: OperationSettings) {
  const { id, docs, body } = operation;
  return {
    operationId: id,
    summary: docs.summary,
    description: `${docs.description(settings)}${scopeNote(operation, settings)}`,
    tags: ['Contacts'],
    security: [{ bearer: [scopeOf(operation, settings)] }],
    parameters: parameters(operation),
    ...(body && { requestBody: requestBody(body, docs) }),
    responses: {
      ...success(docs.success),
      ...failures(operation, docs.invalid(settings).map(thrownBy)),
    } as Record<string, JsonSchema>,
  };
}

function requestBody({ schema, mediaTypes }: NonNullable<Operation['body']>, { body }: Operation['docs']) {
  const content = { schema: jsonSchema(schema), example: body?.example };
  return { required: true, content: Object.fromEntries(mediaTypes.map((type) => [type, content])) };
}

function success({ status, description, members, examples }: Operation['docs']['success']) {
  const content = members && {
    content: { 'application/json': { schema: objectOf(members), examples } },
  };
  if (status !== undefined) return { [status]: { description, headers: RESULT_HEADERS, ...content } };
  return {
    200: { description, headers: CONTACT_HEADERS, ...content },
    304: { description: 'Not modified.', headers: CONTACT_HEADERS },
  };
}

/** Describes HEAD as GET without bodies. */
function describeHead(
  get: ReturnType<typeof describe>,
  { id, summary, description }: NonNullable<Operation['docs']['head']>,
): JsonSchema {
  const responses = Object.entries(get.responses).map(([status, response]) => [
    status,
    '$ref' in response ? response : { description: response['description'], headers: response['headers'] },
  ]);
  return { ...get, operationId: id, summary, description, responses: Object.fromEntries(responses) };
}

const CONTACT_HEADER_NAMES: readonly HeaderName[] = [
  'ETag',
  'Cache-Control',
  'Age',
  'Vary',
  'Cache-Status',
  'RateLimit',
  'RateLimit-Policy',
  'X-Request-Id',
];
const CONTACT_HEADERS = responseHeaders(...CONTACT_HEADER_NAMES);
const RESULT_HEADERS = responseHeaders('Cache-Control-None', 'RateLimit', 'RateLimit-Policy', 'X-Request-Id');

function objectOf(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false };
}

/** The scope that the operation requires, before those of its includes. */
function scopeOf({ scope, docs }: Operation, { scopes }: OperationSettings): string {
  const own = scope ?? docs.scope;
  return (own === undefined ? undefined : scopes.operations[own]) ?? scopes.read;
}

function scopeNote(operation: Operation, settings: OperationSettings): string {
  const own = operation.docs.parts.flatMap((part) => {
    const scope = part === 'contact' ? undefined : settings.scopes.includes[part];
    return scope === undefined ? [] : [`\`${part}\` the scope \`${scope}\``];
  });
  const first = scopeOf(operation, settings);
  return ` Requires the scope \`${first}\`${own.length > 0 ? `; ${own.join(', ')}` : ''}.`;
}

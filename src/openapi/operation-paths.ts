import type { JsonSchema } from '../lib/json-schema.ts';
import { OPERATIONS } from '../operations/index.ts';
import { isWrite, operationsOn } from '../operations/mount.ts';
import type { Operation } from '../operations/operation.ts';
import { parseInclude } from '../operations/parse-query.ts';
import type { OperationSettings } from '../operations/settings.ts';
import { jsonSchema, parameters } from './parameters.ts';
import { failures, thrownBy } from './problems.ts';
import { successResponses } from './success-responses.ts';

/** Returns the paths of all operations that require a token. */
export function operationPaths(settings: OperationSettings): Record<string, JsonSchema> {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of operationsOn(OPERATIONS, settings)) {
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
      ...successResponses(operation),
      ...failures(operation, invalidRequests(operation, settings).map(thrownBy)),
    } as Record<string, JsonSchema>,
  };
}

/** Returns the calls that throw the errors of invalid requests. Every write takes `include`, for `Prefer`. */
function invalidRequests(operation: Operation, settings: OperationSettings) {
  const own = operation.docs.invalid(settings);
  return isWrite(operation) ? [...own, () => parseInclude({ include: 'photos' })] : own;
}

function requestBody({ schema, mediaTypes }: NonNullable<Operation['body']>, { body }: Operation['docs']) {
  const content = { schema: jsonSchema(schema), example: body?.example };
  return { required: true, content: Object.fromEntries(mediaTypes.map((type) => [type, content])) };
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

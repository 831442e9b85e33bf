import type { HeaderName } from './headers.ts';
import type { JsonSchema } from '../lib/json-schema.ts';
import { OPERATIONS } from '../operations/index.ts';
import type { Operation, OperationSettings } from '../operations/operation.ts';
import { responseHeaders } from './headers.ts';
import { parameters } from './parameters.ts';
import { failures, thrownBy } from './problems.ts';

/** Returns the paths of all operations that require a token. */
export function operationPaths(settings: OperationSettings): Record<string, JsonSchema> {
  const paths: Record<string, Record<string, JsonSchema>> = {};
  for (const operation of OPERATIONS) {
    const path = operation.path.replaceAll(/:(\w+)/g, '{$1}');
    const described = describe(operation, settings);
    paths[path] = { ...paths[path], [operation.method]: described };
    if (operation.docs.head) paths[path]['head'] = describeHead(described, operation.docs.head);
  }
  return paths;
}

function describe({ id, docs }: Operation, settings: OperationSettings) {
  const { success } = docs;
  return {
    operationId: id,
    summary: docs.summary,
    description: `${docs.description(settings)}${scopeNote(docs, settings)}`,
    tags: ['Contacts'],
    security: [{ bearer: [settings.scopes.read] }],
    parameters: parameters(docs.parts, ...docs.parameters),
    responses: {
      200: {
        description: success.description,
        headers: CONTACT_HEADERS,
        content: {
          'application/json': { schema: objectOf(success.members), examples: success.examples },
        },
      },
      304: { description: 'Not modified.', headers: CONTACT_HEADERS },
      ...failures(docs.invalid(settings).map(thrownBy), { batch: docs.batch === true }),
    } as Record<string, JsonSchema>,
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

function objectOf(properties: Readonly<Record<string, JsonSchema>>): JsonSchema {
  return { type: 'object', required: Object.keys(properties), properties, additionalProperties: false };
}

function scopeNote({ parts }: Operation['docs'], { scopes }: OperationSettings): string {
  const own = parts.flatMap((part) => {
    const scope = part === 'contact' ? undefined : scopes.includes[part];
    return scope === undefined ? [] : [`\`${part}\` the scope \`${scope}\``];
  });
  return ` Requires the scope \`${scopes.read}\`${own.length > 0 ? `; ${own.join(', ')}` : ''}.`;
}

import type { OperationSettings } from '../operations/settings.ts';
import { HEADERS } from './headers.ts';
import type { JsonSchema } from '../lib/json-schema.ts';
import { operationPaths } from './operation-paths.ts';
import { componentParameters } from './parameters.ts';
import { sharedResponses } from './problems.ts';
import { componentSchemas } from './schemas.ts';
import { servicePaths } from './service-paths.ts';
import { INCLUDES } from '../contact/parts/index.ts';
import { VERSION } from '../version.ts';

const INCLUDE_LIST = INCLUDES.map((name) => `\`${name}\``).join(', ');

const INTRODUCTION = `Contacts of the Zyntro CRM as plain JSON: one call, with your user's token.

**Try it here**: paste a token and press *Authorize*, then open an operation and press *Execute*.

**Response**: a contact and the requested includes: ${INCLUDE_LIST}. An include is \`null\` if the contact has no such data. \`fields[…]\` limits a part to the named fields.

**Identity** comes from the token alone. It determines the organization and the member, and no parameter changes that.

**Errors** are problem details (RFC 9457). Switch on \`code\`, whose list is closed. Show \`detail\`, and quote \`requestId\` when you report an error. After a 429 or 503, wait for the seconds in \`Retry-After\`. An unknown path returns 404 \`ROUTE_NOT_FOUND\`. A method that a path does not support returns 405 \`METHOD_NOT_ALLOWED\`, with the supported methods in \`Allow\`. Any request can also get \`INVALID_REQUEST\` with the status 408 if it does not arrive in time, 417 if it has an \`Expect\` other than \`100-continue\`, and 505 if its HTTP version is not supported.

**Caching** works without any code in a browser: responses have \`ETag\` and \`Cache-Control: private\`.`;

/** Returns the OpenAPI 3.1 description of the public port. The same settings give the same bytes. */
export function openApiDocument(settings: OperationSettings): JsonSchema {
  return {
    openapi: '3.1.1',
    info: {
      ...commonInfo(),
      title: 'zyntro-bff',
      summary: 'Zyntro contacts for web and mobile apps',
      description: INTRODUCTION,
    },
    servers: [{ url: '/', description: 'The server that serves this description' }],
    tags: [
      { name: 'Contacts', description: 'Contact data. It requires a token.' },
      { name: 'Service', description: 'This description and the health checks. They require no token.' },
    ],
    paths: { ...operationPaths(settings), ...servicePaths() },
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            "Your user's token, without the word Bearer. If the operator allows it, a session cookie works as well, together with `X-Requested-With` or `Sec-Fetch-Site: same-origin`.",
        },
      },
      parameters: componentParameters(settings.maxBatchSize),
      headers: HEADERS,
      responses: sharedResponses(),
      schemas: componentSchemas(),
    },
  };
}

/** Serializes a document as the bytes of a file, with a final newline. */
export function openApiBytes(document: JsonSchema): Buffer {
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

export function commonInfo() {
  return { version: VERSION, license: { name: 'MIT', identifier: 'MIT' } };
}

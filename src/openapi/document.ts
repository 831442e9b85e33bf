import { contactPaths, type ContactPathOptions } from './contact-paths.ts';
import { HEADERS } from './headers.ts';
import type { JsonSchema } from './json-schema.ts';
import { componentParameters } from './parameters.ts';
import { sharedResponses } from './problems.ts';
import { componentSchemas } from './schemas.ts';
import { servicePaths } from './service-paths.ts';
import { VERSION } from '../version.ts';

const INTRODUCTION = `Contacts of the Zyntro CRM as plain JSON: one call, with your user's token.

**Try it here**: press *Authorize*, paste a token, open an operation and press *Execute*.

**What you get**: a contact, and beside it the includes that you ask for and no other: \`notes\`, \`entity\` (the company), \`profile\`, \`signals\`. One that the CRM does not have is \`null\`. \`fields[…]\` cuts a part down to the fields that you name.

**Who you are** comes from the token alone: it says which organization and member you read as. No parameter changes that.

**When it fails**, the answer is a problem (RFC 9457). Switch on its \`code\`, whose list is closed; show \`detail\`; quote \`requestId\` when you report it. With 429 and 503 wait as many seconds as \`Retry-After\` says. A path that is not here is 404 \`ROUTE_NOT_FOUND\`; a method that a path does not take is 405 \`METHOD_NOT_ALLOWED\`, and \`Allow\` lists those that it does.

**Caching** works by itself in a browser: answers carry \`ETag\` and \`Cache-Control: private\`.`;

/** The OpenAPI 3.1 description of the public port, the same bytes for the same settings. */
export function openApiDocument(options: ContactPathOptions): JsonSchema {
  return {
    openapi: '3.1.1',
    info: {
      ...commonInfo(),
      title: 'zyntro-bff',
      summary: 'Zyntro contacts for web and mobile apps',
      description: INTRODUCTION,
    },
    servers: [{ url: '/', description: 'The server that this description came from' }],
    tags: [
      { name: 'Contacts', description: 'What your app reads, with a token.' },
      { name: 'Service', description: 'Open to all: this description, and health.' },
    ],
    paths: { ...contactPaths(options), ...servicePaths() },
    components: {
      securitySchemes: {
        bearer: {
          type: 'http',
          scheme: 'bearer',
          bearerFormat: 'JWT',
          description:
            "Your user's token, without the word Bearer. If the operator allows it, a login's cookie does as well, together with `X-Requested-With` or `Sec-Fetch-Site: same-origin`.",
        },
      },
      parameters: componentParameters(options.maxBatchSize),
      headers: HEADERS,
      responses: sharedResponses(),
      schemas: componentSchemas(),
    },
  };
}

/** The document as the bytes of a file, ended by a line end. */
export function openApiBytes(document: JsonSchema): Buffer {
  return Buffer.from(`${JSON.stringify(document, null, 2)}\n`);
}

export function commonInfo() {
  return { version: VERSION, license: { name: 'MIT', identifier: 'MIT' } };
}

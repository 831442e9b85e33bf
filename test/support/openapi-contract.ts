import { readFileSync } from 'node:fs';
import path from 'node:path';
import { Ajv2020, type ValidateFunction } from 'ajv/dist/2020.js';
import formats from 'ajv-formats';
import { PROJECT_ROOT } from './child.ts';
import type { TestResponse, Json } from './http.ts';

export const DOCUMENT_FILE = path.join(PROJECT_ROOT, 'src', 'openapi', 'openapi.json');
export const ADMIN_DOCUMENT_FILE = path.join(PROJECT_ROOT, 'src', 'openapi', 'openapi-admin.json');

/** One response to validate. `path` is the path template of the document. */
export interface Exchange {
  readonly path: string;
  readonly method: 'get' | 'head' | 'post' | 'put' | 'patch';
  readonly answer: TestResponse;
}

/** Validates responses of the running program against an OpenAPI document. */
export function openApiContract(document: Json) {
  const ajv = new Ajv2020({ strict: false, allErrors: true, validateSchema: false });
  formats.default(ajv);
  ajv.addSchema(document, 'openapi.json');
  const compiled = new Map<string, ValidateFunction>();
  const validate = (pointer: string, value: unknown): string[] => {
    let check = compiled.get(pointer);
    if (!check) compiled.set(pointer, (check = ajv.compile({ $ref: `openapi.json${pointer}` })));
    check(value);
    return (check.errors ?? []).map((error) => `${pointer} ${error.instancePath} ${error.message}`);
  };
  /** Resolves a JSON pointer, and follows a `$ref`. */
  const at = (pointer: string): { pointer: string; value: Json } => {
    const value = pointer
      .slice(2)
      .split('/')
      .reduce((inner: Json, key) => inner?.[key.replaceAll('~1', '/').replaceAll('~0', '~')], document);
    return typeof value?.$ref === 'string' ? at(value.$ref) : { pointer, value };
  };

  /** Returns the differences between a response and the document. Empty if the response conforms. */
  return function breachesOf({ path, method, answer }: Exchange): string[] {
    const operation = `#/paths/${path.replaceAll('/', '~1')}/${method}`;
    const response = at(`${operation}/responses/${answer.status}`);
    if (!response.value) return [`${operation} does not have the status ${answer.status}`];
    return [
      ...headerBreaches(response, answer, at, validate),
      ...bodyBreaches(response, answer, method, validate),
    ];
  };
}

/**
 * Returns a function that throws if a response of a documented path and method does not conform to the document.
 * Other paths and methods are ignored.
 */
export function openApiCheck(document: Json) {
  const breachesOf = openApiContract(document);
  const templates = Object.keys(document.paths).map((path) => ({
    path,
    pattern: new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}/?$`, 'i'),
  }));
  return function requireConformity(method: string, url: string, answer: TestResponse): void {
    const target = url.split('?', 1)[0]!;
    const template = templates.find(({ pattern }) => pattern.test(target));
    const name = method.toLowerCase() as Exchange['method'];
    if (!template || !document.paths[template.path][name]) return;
    const breaches = breachesOf({ path: template.path, method: name, answer });
    if (breaches.length > 0) throw new Error(`${method} ${template.path}: ${breaches.join('; ')}`);
  };
}

type At = (pointer: string) => { pointer: string; value: Json };
type Validate = (pointer: string, value: unknown) => string[];

function headerBreaches(
  response: ReturnType<At>,
  answer: TestResponse,
  at: At,
  validate: Validate,
): string[] {
  return Object.keys(response.value.headers ?? {}).flatMap((name) => {
    const header = at(`${response.pointer}/headers/${name}`);
    const sent = answer.headers[name.toLowerCase()];
    if (sent === undefined) return header.value.required ? [`${name} is missing`] : [];
    const value = header.value.schema.type === 'integer' ? Number(sent) : sent;
    return validate(`${header.pointer}/schema`, value);
  });
}

function bodyBreaches(
  response: ReturnType<At>,
  answer: TestResponse,
  method: Exchange['method'],
  validate: Validate,
): string[] {
  const { content } = response.value;
  if (method === 'head' || !content) return answer.body.length > 0 ? ['a body that is not documented'] : [];
  const type = String(answer.headers['content-type']).split(';', 1)[0]!;
  if (!content[type]) return [`the content type ${type} is not documented`];
  const value: unknown = type.endsWith('json') ? answer.json() : answer.text;
  return validate(`${response.pointer}/content/${type.replaceAll('/', '~1')}/schema`, value);
}

export function readDocument(file = DOCUMENT_FILE): Json {
  return JSON.parse(readFileSync(file, 'utf8'));
}

import { once } from 'node:events';
import { createServer, type ServerResponse, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { text } from 'node:stream/consumers';
import { describeFields, evaluateWriteFields } from '../../src/cli/doctor/check-write-fields.ts';
import { updateNames } from '../../src/operations/write-fields.ts';
import type { Json } from '../support/http.ts';
import { runDoctor } from '../support/run-doctor.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';

const { writable, readOnly } = updateNames();

let sandbox: Sandbox;
/** Accepts all credentials, and answers `updateFieldData` with `respond`. */
let upstream: Server;
let url: string;
let respond: (response: ServerResponse) => void;
let asked: Json[];
beforeAll(async () => {
  sandbox = await startSandbox();
  upstream = createServer(async (request, response) => {
    const body = JSON.parse(await text(request));
    if (request.url?.endsWith('/updateFieldData')) {
      asked.push(body);
      respond(response);
    } else if (request.url?.endsWith('/fetchContact'))
      response.end('{"status":"error","data":["No such contact"]}');
    else response.end('{"status":"success","data":{}}');
  }).listen(0, '127.0.0.1');
  await once(upstream, 'listening');
  url = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}`;
});
afterAll(async () => {
  upstream?.close();
  upstream?.closeAllConnections();
  await sandbox?.stop();
});
beforeEach(() => {
  asked = [];
});

const evaluateText = (body: string) => evaluateWriteFields(describeFields.decode(body, { org: '' }));
const evaluate = (answer: unknown) => evaluateText(JSON.stringify(answer));
const namedLike = (names: readonly string[]) => Object.fromEntries(names.map((name) => [name, 'text']));

test('passes if the upstream takes the names of the descriptors', async () => {
  const { code, of } = await runDoctor(sandbox.url);
  expect({ code, ...of('write fields') }).toEqual({
    code: 0,
    check: 'write fields',
    status: 'passed',
    detail: `the upstream takes the ${writable.length} fields that the proxy knows`,
  });
});

test('asks for the names without credentials', async () => {
  respond = (response) => response.end(JSON.stringify({ status: 'success', data: namedLike(writable) }));
  await runDoctor(url);
  expect(asked).toEqual([{ help: true }]);
});

test('does not ask for the names if WRITES is off', async () => {
  const { code, findings } = await runDoctor(url, { WRITES: 'off' });
  expect(code).toBe(0);
  expect(findings.map(({ check }) => check)).not.toContain('write fields');
  expect(asked).toEqual([]);
});

describe('names the fields that the descriptors or the upstream lack', () => {
  const names = [...writable.filter((name) => name !== 'entityWebsite'), ...readOnly, 'secondaryEmail'];
  const described = names.map((name) => ({ name, type: 'text', description: `New value of ${name}` }));
  const ofContact = names.filter((name) => !name.startsWith('entity'));
  const ofEntity = names.filter((name) => name.startsWith('entity'));

  test.each<[string, unknown]>([
    ['an object', { status: 'success', data: namedLike(names) }],
    ['a list', { status: 'success', data: names }],
    ['a list of descriptions', { status: 'success', data: { fields: described } }],
    [
      'descriptions by name',
      { status: 'success', data: Object.fromEntries(described.map((one) => [one.name, one])) },
    ],
    [
      'groups beside an explanation of the request',
      {
        status: 'success',
        data: {
          parameters: { org_id: 'Required', contact_id: 'Optional', fields: 'Required' },
          fields: { contact: namedLike(ofContact), entity: namedLike(ofEntity) },
          example: { fields: { firstName: 'Jane', customFields: { cf_industry: 'x' } } },
        },
      },
    ],
    ['an object without the envelope', namedLike(names)],
  ])('in %s', (_form, answer) => {
    expect(evaluate(answer)).toMatchObject({
      status: 'warned',
      detail: 'the proxy does not know "secondaryEmail"; the upstream does not list "entityWebsite"',
      advice: expect.stringContaining('src/contact/parts'),
    });
  });

  test('accepts a name that a sentence mentions', () => {
    const data = [...names.filter((name) => name !== 'secondaryEmail'), 'Companies also have entityWebsite.'];
    expect(evaluate({ status: 'success', data }).detail).not.toContain('entityWebsite"');
  });

  test('escapes, shortens and counts names of the upstream', () => {
    const many = Array.from({ length: 30 }, (_, index) => `extra${index}`);
    const data = namedLike([`\u001b[31m${'x'.repeat(100)}`, ...writable, ...many]);
    const { detail } = evaluate({ status: 'success', data });
    expect(detail).toMatch(/^the proxy does not know "\\u001b\[31mx+…", "extra0", .*"extra18", and 11 more$/);
  });
});

describe('warns and exits with 0 if the upstream answers with', () => {
  test.each<[string, (response: ServerResponse) => void, string]>([
    ['a refusal', (response) => response.end('{"status":"error","data":["Missing API Key"]}'), 'REFUSED'],
    ['a page', (response) => response.end('<html></html>'), 'NOT_JSON'],
    ['a status', (response) => response.writeHead(500).end(), 'HTTP_500'],
    ['a reset', (response) => response.destroy(), 'UND_ERR_SOCKET'],
    ['silence', () => undefined, 'TOTAL_TIMEOUT'],
  ])('%s', async (_name, answer, reason) => {
    respond = answer;
    const { code, wrong, of } = await runDoctor(url, { UPSTREAM_TIMEOUT_MS: '3000' });
    expect({ code, wrong }).toEqual({ code: 0, wrong: { 'write fields': 'warned' } });
    expect(of('write fields').detail).toContain(reason);
  });
});

test.each([
  ['an empty list', '{"status":"success","data":[]}'],
  ['deep nesting', `${'['.repeat(100_000)}${']'.repeat(100_000)}`],
])('warns if the upstream answers with %s', (_name, body) => {
  expect(evaluateText(body)).toMatchObject({
    status: 'warned',
    detail: expect.stringContaining('does not have a list of fields'),
  });
});

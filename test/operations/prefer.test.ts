import type { ServerResponse } from 'node:http';
import type { Request } from 'express';
import { openContext, RequestContext } from '../../src/http/request-context.ts';
import { preferredParts } from '../../src/operations/prefer.ts';

const SCOPES = { read: 'contacts:read', bypassCache: 'cache:bypass', includes: {}, operations: {} };

/** Returns whether a request with these `Prefer` fields gets a representation. */
function isPreferred(...fields: readonly string[]): boolean {
  const rawHeaders = fields.flatMap((field) => ['Prefer', field]);
  const req = { url: '/contacts', rawHeaders } as Partial<Request> as Request;
  const context = new RequestContext('id', {} as ServerResponse);
  context.caller = {
    issuer: 'i',
    subject: 's',
    org: 'o',
    member: 'm',
    scopes: new Set(['contacts:read']),
    tier: undefined,
  };
  openContext(req, context);
  return preferredParts(req, SCOPES) !== undefined;
}

test.each([
  [['return=representation']],
  [['Return = "representation" ; foo=bar']],
  [['respond-async, return=representation']],
  [['respond-async', 'wait=10', 'return=representation']],
  [['x="a, return=minimal", return=representation']],
  [['handling=lenient; return=minimal, return=representation']],
  [['return=representation, return=minimal']],
  [['return=representation', 'return=minimal']],
])('a representation is sent for Prefer %j', (fields) => {
  expect(isPreferred(...fields)).toBe(true);
});

test.each([
  [[]],
  [['return=minimal']],
  [['return']],
  [['return=representations']],
  [['x-return=representation']],
  [['x="a, return=representation"']],
  [['x="a, return=representation']],
  [['foo; return=representation']],
  [['return=minimal, return=representation']],
  [['RETURN="minimal"', 'return=representation']],
  [['return, return=representation']],
])('no representation is sent for Prefer %j', (fields) => {
  expect(isPreferred(...fields)).toBe(false);
});

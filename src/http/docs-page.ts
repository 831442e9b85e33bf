import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import type { StaticContent } from './static-response.ts';

const MAX_AGE_S = 300;
const CSS = 'text/css; charset=utf-8';
const STYLES = ['page.css', 'form.css'];
const SCRIPTS = [
  'page.js',
  'document.js',
  'elements.js',
  'form.js',
  'operation.js',
  'request.js',
  'responses.js',
  'schema.js',
];

/**
 * Returns the OpenAPI document, the page that shows it, and its assets, by path. All files are local and
 * nothing is inline, so the page works under helmet's default Content-Security-Policy.
 */
export function docsPages(openApi: Buffer): ReadonlyMap<string, StaticContent> {
  return new Map([
    ['/openapi.json', openApiContent(openApi)],
    ['/docs', load('index.html', 'text/html; charset=utf-8')],
    ['/docs/theme.css', load('../theme.css', CSS)],
    ...STYLES.map((name) => [`/docs/${name}`, load(name, CSS)] as const),
    ['/docs/favicon.svg', load('favicon.svg', 'image/svg+xml')],
    ...SCRIPTS.map((name) => [`/docs/${name}`, load(name, 'text/javascript; charset=utf-8')] as const),
  ]);
}

export function openApiContent(body: Buffer): StaticContent {
  return { body, contentType: 'application/json; charset=utf-8', maxAgeS: MAX_AGE_S };
}

function load(file: string, contentType: string): StaticContent {
  return { body: readFileSync(join(import.meta.dirname, 'docs', file)), contentType, maxAgeS: MAX_AGE_S };
}

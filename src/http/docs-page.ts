import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { StaticContent } from './static-response.ts';

const SHORT_S = 300;
const LONG_S = 86_400;

/**
 * Returns the OpenAPI document, the page that shows it, and its assets, by path. All files are local and
 * nothing is inline, so the page works under helmet's default Content-Security-Policy.
 */
export function docsPages(openApi: Buffer): ReadonlyMap<string, StaticContent> {
  const own = join(import.meta.dirname, 'docs');
  const swagger = dirname(createRequire(import.meta.url).resolve('swagger-ui-dist/package.json'));
  return new Map([
    ['/openapi.json', openApiContent(openApi)],
    ['/docs', load(join(own, 'index.html'), HTML, SHORT_S)],
    ['/docs/page.css', load(join(own, 'page.css'), CSS, SHORT_S)],
    ['/docs/page.js', load(join(own, 'page.js'), JAVASCRIPT, SHORT_S)],
    ['/docs/swagger-ui.css', load(join(swagger, 'swagger-ui.css'), CSS, LONG_S)],
    ['/docs/swagger-ui-bundle.js', load(join(swagger, 'swagger-ui-bundle.js'), JAVASCRIPT, LONG_S)],
    ['/docs/favicon.png', load(join(swagger, 'favicon-32x32.png'), 'image/png', LONG_S)],
  ]);
}

export function openApiContent(body: Buffer): StaticContent {
  return { body, contentType: JSON_UTF8, maxAgeS: SHORT_S };
}

const JSON_UTF8 = 'application/json; charset=utf-8';
const HTML = 'text/html; charset=utf-8';
const CSS = 'text/css; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';

function load(file: string, contentType: string, maxAgeS: number): StaticContent {
  return { body: readFileSync(file), contentType, maxAgeS };
}

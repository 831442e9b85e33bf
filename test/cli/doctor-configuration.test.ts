import { runDoctor, runDoctorAs } from '../support/run-doctor.ts';
import { startSandbox, type Sandbox } from '../support/start-sandbox.ts';

let sandbox: Sandbox;
beforeAll(async () => void (sandbox = await startSandbox()));
afterAll(() => sandbox?.stop());

test('lists every issue by name, including a weak secret, and exits with 78 without a call', async () => {
  const weak = 'hunter2-hunter2';
  const { code, findings, output } = await runDoctor(sandbox.url, { JWT_SECRET: weak, PORT: 'eighty' });
  expect(code).toBe(78);
  const issues = findings.filter(({ check }) => check === 'configuration');
  expect(issues.map(({ status, detail }) => [status, detail.split(' ', 1)[0]])).toEqual([
    ['failed', 'JWT_SECRET:'],
    ['failed', 'PORT:'],
  ]);
  expect(issues[0]!.detail).toContain('openssl rand');
  expect(output).not.toContain('eighty');
  expect(await sandbox.calls()).toEqual([]);
});

test('advises once, below the last issue, to run it again', async () => {
  const { stdout } = await runDoctorAs([], sandbox.url, { PORT: 'eighty', ADMIN_PORT: 'eighty' });
  expect(stdout.match(/^FAILED {2}configuration /gm)).toHaveLength(2);
  expect(stdout.match(/-> /g)).toHaveLength(1);
  expect(stdout).toMatch(
    / -> fix the configuration, and run the doctor again\n\n2 failed, 1 warned, 1 passed\n$/,
  );
});

test('exits with 64 and prints the usage for an unknown argument', async () => {
  const { code, stdout, stderr } = await runDoctorAs(['--yaml'], sandbox.url);
  expect({ code, stdout }).toEqual({ code: 64, stdout: '' });
  expect(stderr).toContain('Usage: npm run --silent doctor');
});

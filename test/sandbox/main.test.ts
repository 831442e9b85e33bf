import { once } from 'node:events';
import net from 'node:net';
import type { AddressInfo } from 'node:net';
import { readSettings } from '../../src/sandbox/settings.ts';
import { jsonLine, runNode, startNode } from '../support/child.ts';
import { exchange } from '../support/http.ts';
import { startSandbox } from '../support/start-sandbox.ts';
import { waitFor } from '../support/wait-for.ts';

const run = (env: Record<string, string>) =>
  runNode('src/sandbox/main.ts', { SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0', ...env });

describe('sandbox settings', () => {
  test('default to loopback, ports 4010 and 4011, and no faults', () => {
    expect(readSettings({})).toMatchObject({
      host: '127.0.0.1',
      port: 4010,
      controlPort: 4011,
      readyJson: false,
      world: { apiKey: 'sandbox-api-key', allowedIps: ['127.0.0.0/8', '::1'] },
      faults: { delayMs: 0, jitterMs: 0, mode: 'none', rate: 1 },
    });
  });

  test.each([
    ['SANDBOX_PORT', '1.5'],
    ['SANDBOX_PORT', '65536'],
    ['SANDBOX_CONTROL_PORT', 'http'],
    ['SANDBOX_DELAY_MS', '-1'],
    ['SANDBOX_JITTER_MS', 'soon'],
    ['SANDBOX_FAULT_RATE', '1.01'],
    ['SANDBOX_FAULT', 'explode'],
    ['SANDBOX_ALLOWED_IPS', 'localhost'],
    ['SANDBOX_ALLOWED_IPS', '10.0.0.0/33'],
    ['SANDBOX_ALLOWED_IPS', '127.0.0.1,'],
  ])('%s=%s is rejected by name', (name, value) => {
    expect(() => readSettings({ [name]: value })).toThrow(new RegExp(`^${name}: must be [^\\n]+$`));
  });

  test('exits with 78 and lists every invalid variable by name', async () => {
    const wrong = {
      SANDBOX_PORT: '70000',
      SANDBOX_CONTROL_PORT: '1.5',
      SANDBOX_DELAY_MS: 'soon',
      SANDBOX_FAULT_RATE: '7',
      SANDBOX_FAULT: 'explode',
      SANDBOX_ALLOWED_IPS: '10.0.0.0/99',
    };
    const { code, stdout, stderr } = await run(wrong);
    expect({ code, stdout }).toEqual({ code: 78, stdout: '' });
    const lines = stderr.trimEnd().split('\n');
    expect(lines[0]).toBe('The sandbox cannot start:');
    const named = lines.slice(1).map((line) => line.trim().split(':')[0] ?? '');
    expect(new Set(named)).toEqual(new Set(Object.keys(wrong)));
    expect(named).toHaveLength(Object.keys(wrong).length);
  });
});

test.each(['SANDBOX_PORT', 'SANDBOX_CONTROL_PORT'])(
  'exits with 1 and names %s if its port is in use',
  async (name) => {
    const blocker = net.createServer().listen(0, '127.0.0.1');
    await once(blocker, 'listening');
    try {
      const port = String((blocker.address() as AddressInfo).port);
      const { code, stderr } = await run({ [name]: port });
      expect({ code, stderr }).toEqual({
        code: 1,
        stderr: `The sandbox cannot listen on 127.0.0.1:${port} (EADDRINUSE): choose another ${name}.\n`,
      });
    } finally {
      blocker.close();
    }
  },
);

test('prints settings that work if SANDBOX_READY_JSON is not set', async () => {
  const child = startNode('src/sandbox/main.ts', { SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0' });
  try {
    const text = await waitFor(
      'the greeting',
      () => child.stdout().includes('POST /reset') && child.stdout(),
    );
    const [, baseUrl] = /ZYNTRO_BASE_URL=(http:\S+)/.exec(text) ?? [];
    const [, control] = /Control: +(http:\S+)/.exec(text) ?? [];
    const named = (word: string) => new RegExp(`${word} +([0-9a-f-]{36})`).exec(text)?.[1];
    const body = {
      api_key: /ZYNTRO_API_KEY=(\S+)/.exec(text)?.[1],
      developer_secret: /ZYNTRO_DEVELOPER_SECRET=(\S+)/.exec(text)?.[1],
      org_id: named('organization'),
      member_id: named('member'),
      contact_id: named('contact'),
    };
    const response = await exchange(`${baseUrl}/apis/v2/public/crm/fetchContact`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify(body),
    });
    expect(response.json().status).toBe('success');
    expect((await exchange(`${control}/calls`)).json().count).toBe(1);
  } finally {
    expect(await child.stop()).toEqual({ code: 0, signal: null });
  }
});

test.each(['SIGTERM', 'SIGINT'] as const)(
  'exits with 0 on %s, even with a call in flight',
  async (signal) => {
    const sandbox = await startSandbox({ SANDBOX_FAULT: 'silent' });
    const call = exchange(`${sandbox.url}/apis/v2/public/crm/fetchContact`, { method: 'POST' }).catch(
      () => 'cut',
    );
    await waitFor('the call', async () => (await sandbox.calls()).length === 1);
    sandbox.signal(signal);
    expect(await sandbox.exited).toEqual({ code: 0, signal: null });
    expect(await call).toBe('cut');
  },
);

test('applies the faults from the environment at the start', async () => {
  const child = startNode('src/sandbox/main.ts', {
    SANDBOX_PORT: '0',
    SANDBOX_CONTROL_PORT: '0',
    SANDBOX_READY_JSON: '1',
    SANDBOX_FAULT: 'http-500',
    SANDBOX_DELAY_MS: '5',
    SANDBOX_JITTER_MS: '6',
    SANDBOX_FAULT_RATE: '0.5',
  });
  try {
    const { controlPort } = await jsonLine(child, (line) => line['ready'] === true);
    const faults = (await exchange(`http://127.0.0.1:${String(controlPort)}/faults`)).json();
    expect(faults).toMatchObject({ mode: 'http-500', delayMs: 5, jitterMs: 6, rate: 0.5 });
  } finally {
    await child.stop();
  }
});

import { NO_FAULTS, invalidFaults, type Faults } from './faults.ts';
import { blockListOf, type WorldSettings } from './world.ts';

export interface SandboxSettings {
  readonly host: string;
  readonly port: number;
  readonly controlPort: number;
  readonly readyJson: boolean;
  readonly world: WorldSettings;
  readonly faults: Faults;
}

/**
 * Reads the settings of the sandbox.
 *
 * @throws Error that lists every invalid variable by name.
 */
export function readSettings(env: Readonly<Record<string, string | undefined>>): SandboxSettings {
  const issues: string[] = [];
  const number = (name: string, fallback: number, max: number): number => {
    const text = env[name] || String(fallback);
    if (!/^\d+(\.\d+)?$/.test(text) || Number(text) > max)
      issues.push(`${name}: must be a number from 0 to ${max}`);
    return Number(text);
  };
  const port = (name: string, fallback: number): number => {
    const text = env[name] || String(fallback);
    if (!/^\d{1,5}$/.test(text) || Number(text) > 65_535)
      issues.push(`${name}: must be a whole number from 0 to 65535`);
    return Number(text);
  };
  const allowedIps = (env['SANDBOX_ALLOWED_IPS'] || '127.0.0.0/8,::1').split(',').map((item) => item.trim());
  try {
    blockListOf(allowedIps);
  } catch (error) {
    issues.push(`SANDBOX_ALLOWED_IPS: ${(error as Error).message}`);
  }
  const faults: Faults = {
    ...NO_FAULTS,
    delayMs: number('SANDBOX_DELAY_MS', 0, 600_000),
    jitterMs: number('SANDBOX_JITTER_MS', 0, 600_000),
    rate: number('SANDBOX_FAULT_RATE', 1, 1),
    mode: env['SANDBOX_FAULT'] || 'none',
  };
  issues.push(...invalidFaults({ mode: faults.mode }).map((text) => text.replace('mode', 'SANDBOX_FAULT')));
  const settings = {
    host: env['SANDBOX_HOST'] || '127.0.0.1',
    port: port('SANDBOX_PORT', 4010),
    controlPort: port('SANDBOX_CONTROL_PORT', 4011),
    readyJson: env['SANDBOX_READY_JSON'] === '1',
    world: {
      apiKey: env['SANDBOX_API_KEY'] || 'sandbox-api-key',
      developerSecret: env['SANDBOX_DEVELOPER_SECRET'] || 'zdk_sandbox_developer_secret',
      allowedIps,
    },
    faults,
  };
  if (issues.length > 0) throw new Error(issues.join('\n  '));
  return settings;
}

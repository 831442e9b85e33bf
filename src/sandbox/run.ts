import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { controlServer } from './control-server.ts';
import { dataServer } from './data-server.ts';
import { REFERENCE_CONTACT } from './reference-contact.ts';
import { readSettings, type SandboxSettings } from './settings.ts';
import { makeState } from './state.ts';
import { ORGANIZATIONS } from './world.ts';

const EX_CONFIG = 78;

function settingsOrExit(): SandboxSettings {
  try {
    return readSettings(process.env);
  } catch (error) {
    process.stderr.write(`The sandbox cannot start:\n  ${(error as Error).message}\n`);
    process.exit(EX_CONFIG);
  }
}

function listen(server: Server, host: string, port: number, variable: string): Promise<number> {
  return new Promise((resolve) => {
    server.once('error', (error: NodeJS.ErrnoException) => {
      process.stderr.write(
        `The sandbox cannot listen on ${host}:${port} (${error.code}): choose another ${variable}.\n`,
      );
      process.exit(1);
    });
    server.listen(port, host, () => resolve((server.address() as AddressInfo).port));
  });
}

const settings = settingsOrExit();
const state = makeState(settings.world, settings.faults);
const data = dataServer(state);
const control = controlServer(state);
const port = await listen(data, settings.host, settings.port, 'SANDBOX_PORT');
const controlPort = await listen(control, settings.host, settings.controlPort, 'SANDBOX_CONTROL_PORT');

if (settings.readyJson) {
  process.stdout.write(`${JSON.stringify({ ready: true, port, controlPort })}\n`);
} else {
  const [org] = ORGANIZATIONS;
  process.stdout.write(`The sandbox stands in for Zyntro's API. All its data is fictitious.

  ZYNTRO_BASE_URL=http://${settings.host}:${port}
  ZYNTRO_API_KEY=${settings.world.apiKey}
  ZYNTRO_DEVELOPER_SECRET=${settings.world.developerSecret}

Sample ids:  organization ${org!.id}
             member       ${org!.members[0]!.id}
             contact      ${REFERENCE_CONTACT.contact_id}

Control:     http://${settings.host}:${controlPort}
             GET /calls  GET /directory  PUT /faults {"mode":"silent"}  POST /reset
             docs/sandbox.md describes the data, the operations and the faults.
`);
}

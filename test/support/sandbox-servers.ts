import { once } from 'node:events';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import request from 'supertest';
import { controlServer } from '../../src/sandbox/control-server.ts';
import { dataServer } from '../../src/sandbox/data-server.ts';
import { readSettings } from '../../src/sandbox/settings.ts';
import { makeState } from '../../src/sandbox/state.ts';
import type { SandboxState } from '../../src/sandbox/state.ts';
import { API_KEY, DEVELOPER_SECRET } from './start-sandbox.ts';
import { REFERENCE_CONTACT } from './directory.ts';
import type { Json } from './http.ts';

export const FETCH_CONTACT = '/apis/v2/public/crm/fetchContact';
export const ADD_NOTE = '/apis/v2/public/crm/addNotestoContact';
export const UPDATE_FIELDS = '/apis/v2/public/crm/updateFieldData';
export const LOOKUP_CONTACT = '/apis/v2/public/crm/lookupContact';
export const ADD_ACTIVITY = '/apis/v2/public/crm/addCommsHistory';
export const CREATE_CONTACT = '/apis/v2/public/crm/addContactsFull';
export const FETCH_MEMBERS = '/public/account/fetchMembers';
export const FETCH_IDENTIFIERS = '/apis/v2/public/developers/fetchIdentifiers';

export const ORG = '0b9f7c1e-3d52-4a86-9c47-5e1d8f2a6b30';
export const OTHER_ORG = '5e8d3a72-9f41-4c0b-b6d8-2a7c1e4f9063';
/** Another organization of the same account as `ORG`. */
export const SISTER_ORG = 'c7a1b5e9-4d60-4382-a9f5-8b0e6d3c2f17';
export const OWNER = 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b';
export const COLLEAGUE = '1c5a9e74-8b3f-4d26-a0e1-6f7b2c9d4e85';
/** A member of `OTHER_ORG`. */
export const STRANGER = '93b1f6d8-2e7c-4a05-9d14-c8e5a0b7f362';

/** A complete request body, for the contact in the upstream's documentation. */
export const REQUEST = {
  api_key: API_KEY,
  developer_secret: DEVELOPER_SECRET,
  org_id: ORG,
  member_id: OWNER,
  contact_id: REFERENCE_CONTACT,
};

export interface SandboxServers {
  readonly state: SandboxState;
  readonly data: Server;
  readonly control: Server;
  /** Port of the data server. */
  readonly port: number;
  stop(): Promise<void>;
}

/** Posts a body to an operation of the sandbox and resolves to the envelope. */
export async function postTo(sandbox: SandboxServers, path: string, body: object): Promise<Json> {
  const response = await request(sandbox.data).post(path).send(body);
  if (response.status !== 200) throw new Error(`${path}: ${response.status} ${response.text}`);
  return response.body;
}

/** The envelope of a refusal. */
export const refused = (message: string) => ({ data: [message], status: 'error' });

/** Starts the sandbox's two servers in this process, for tests that access its state. */
export async function startSandboxServers(env: Record<string, string> = {}): Promise<SandboxServers> {
  const settings = readSettings(env);
  const state = makeState(settings.world, settings.faults);
  const [data, control] = [dataServer(state), controlServer(state)];
  for (const server of [data, control]) await once(server.listen(0, '127.0.0.1'), 'listening');
  return {
    state,
    data,
    control,
    port: (data.address() as AddressInfo).port,
    stop: async () => {
      for (const server of [data, control]) {
        const closed = once(server, 'close');
        server.close();
        server.closeAllConnections();
        await closed;
      }
    },
  };
}

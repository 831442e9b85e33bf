import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import { setTimeout as sleep } from 'node:timers/promises';
import { runOperation } from './access.ts';
import type { Call } from './call-log.ts';
import { planFaults, REDIRECT_TARGET } from './faults.ts';
import { failure, type SandboxResponse, type UpstreamCode } from './messages.ts';
import { misbehave } from './misbehave.ts';
import { fetchContact } from './operations/fetch-contact.ts';
import { OPERATIONS } from './operations/index.ts';
import type { Body, SandboxOperation } from './operations/operation.ts';
import { readJsonObject } from './read-body.ts';
import { send } from './send.ts';
import { faultsOfCall, type SandboxState } from './state.ts';

const BY_PATH = new Map(OPERATIONS.map((operation) => [operation.path, operation]));

/** Creates the server that stands in for the upstream's API. */
export function dataServer(state: SandboxState): Server {
  return createServer((req, res) => {
    // A client that disconnects early is normal and not reported.
    handle(req, res, state).catch(() => res.destroy());
  });
}

async function handle(req: IncomingMessage, res: ServerResponse, state: SandboxState): Promise<void> {
  const path = (req.url ?? '/').split('?', 1)[0]!;
  const isJson = /^application\/json\s*(;|$)/i.test(req.headers['content-type'] ?? '');
  const body: Body = (await readJsonObject(req)) ?? {};
  const peer = (req.socket.remoteAddress ?? '').replace(/^::ffff:/, '');
  if (path === REDIRECT_TARGET) {
    state.calls.add('redirect-target', body, peer).outcome = 'success';
    res.once('close', () => state.calls.ended());
    return send(res, runOperation(fetchContact, body, peer, state.world));
  }
  const operation = BY_PATH.get(path);
  if (!operation) return sendHtml(res, 404, 'Not Found');
  if (req.method !== 'POST') return sendHtml(res, 405, 'Method Not Allowed', { Allow: 'POST' });

  const call = state.calls.add(operation.name, body, peer);
  res.once('close', () => state.calls.ended());
  return answer(req, res, state, { operation, body: isJson ? body : {}, peer, call });
}

interface OperationCall {
  readonly operation: SandboxOperation;
  readonly body: Body;
  readonly peer: string;
  readonly call: Call;
}

/** The basis of a faulty response if the operation is not carried out, or only later. */
const NOT_CARRIED_OUT: SandboxResponse = {
  outcome: 'none',
  body: { data: ['The operation was not carried out'], status: 'error' },
  carriedOut: false,
};

async function answer(
  req: IncomingMessage,
  res: ServerResponse,
  state: SandboxState,
  { operation, body, peer, call }: OperationCall,
): Promise<void> {
  // A reset replaces the world, so an operation that is carried out later changes and counts nothing.
  const { world } = state;
  const faults = faultsOfCall(state, operation.name, body);
  const plan = planFaults(faults, body);
  const carryOut = async (): Promise<SandboxResponse> => {
    if (plan.commitDelayMs > 0) await sleep(plan.commitDelayMs);
    const response = runOperation(operation, body, peer, world);
    if (response.carriedOut && world === state.world) state.calls.carriedOut(call);
    return response;
  };
  // Carried out before the delay: a slow response has the data of the time when the call arrived.
  const response = plan.phase === 'after' ? await carryOut() : NOT_CARRIED_OUT;
  call.outcome = 'delayed';
  if (plan.delayMs > 0) await sleep(plan.delayMs);
  if (plan.mode === 'none') {
    call.outcome = response.outcome;
    return send(res, response);
  }
  call.outcome = `FAULT:${plan.mode}`;
  const sent = plan.mode.startsWith('error:')
    ? send(res, failure(plan.mode.slice('error:'.length) as UpstreamCode))
    : misbehave(plan.mode, req, res, response, { faults, world });
  await Promise.all([sent, plan.phase === 'during' ? carryOut() : undefined]);
}

function sendHtml(
  res: ServerResponse,
  status: number,
  title: string,
  headers: Record<string, string> = {},
): void {
  res.writeHead(status, { 'Content-Type': 'text/html; charset=UTF-8', ...headers });
  res.end(`<!DOCTYPE html><html><head><title>${title}</title></head><body><h1>${title}</h1></body></html>`);
}

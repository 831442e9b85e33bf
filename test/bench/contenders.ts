import { exchange } from '../support/http.ts';
import type { Scene } from './scene.ts';
import type { ServerProcess } from './server-process.ts';
import type { Contender } from './throughput.ts';
import { writeRequests } from './wrk.ts';

export const YARDSTICK = 'bare Express';
const PEERS = [
  ['bare node:http', 'bare-http'],
  [YARDSTICK, 'bare-express'],
  ['usual Express stack', 'express-stack'],
  ['Fastify stack', 'fastify-stack'],
] as const;

/** Everybody who answers hits: the peers, and the proxy in each of its ways. */
export async function openContenders(
  scene: Scene,
): Promise<{ readonly contenders: readonly Contender[]; stop: () => Promise<void> }> {
  const servers: ServerProcess[] = [];
  const contenders: Contender[] = [];
  const { requestsFile } = scene;
  const stop = async (): Promise<void> => void (await Promise.all(servers.map((server) => server.stop())));
  async function enter(name: string, starting: Promise<ServerProcess>): Promise<ServerProcess> {
    const server = await starting;
    servers.push(server);
    contenders.push({ name, server, requestsFile });
    return server;
  }
  try {
    const near = await enter('near-cache hit', scene.startProxy());
    await scene.stockPeers(near);
    contenders.push({ name: '304', server: near, requestsFile: await writeConditional(scene, near) });
    await enter('Redis hit', scene.startProxy({ CACHE_L1_MAX_MB: '0' }));
    await enter('embedded-cache hit', scene.startProxy({}, { embedded: true }));
    for (const [name, entry] of PEERS) await enter(name, scene.startPeer(entry));
    return { contenders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** The same requests, each with the tag that its answer has now. */
async function writeConditional(scene: Scene, server: ServerProcess): Promise<string> {
  const conditional = [];
  for (const request of scene.requests) {
    const { token } = request;
    const answer = await exchange(`http://127.0.0.1:${server.port}${request.path}`, { token });
    const entityTag = answer.headers.etag;
    if (entityTag === undefined) throw new Error('the proxy answered without an ETag');
    conditional.push({ ...request, entityTag });
  }
  const file = scene.file('conditional-requests');
  writeRequests(file, conditional);
  return file;
}

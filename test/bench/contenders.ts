import { existsSync, readdirSync } from 'node:fs';
import { exchange } from '../support/http.ts';
import { hasProgram, installPackages } from './debian-packages.ts';
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

/** Returns the peers whose Debian packages are installed or can be installed. */
function nativePeers(): readonly (readonly [name: string, entry: string])[] {
  const nginx = hasNginxLua() || (installPackages(...NGINX_LUA) && hasNginxLua());
  const haproxy = hasProgram('haproxy', '-v') || (installPackages('haproxy') && hasProgram('haproxy', '-v'));
  for (const [found, packages] of [
    [nginx, NGINX_LUA.join(' ')],
    [haproxy, 'haproxy'],
  ] as const)
    if (!found) process.stderr.write(`skipped, package missing: apt-get install ${packages}\n`);
  return [
    ...(nginx ? [['nginx with Lua', 'nginx-lua'] as const] : []),
    ...(haproxy ? [['HAProxy, the same bytes to all', 'haproxy'] as const] : []),
  ];
}

const NGINX_LUA = ['nginx', 'libnginx-mod-http-lua', 'lua-cjson'] as const;

function hasNginxLua(): boolean {
  const module = existsSync('/usr/lib/nginx/modules/ngx_http_lua_module.so');
  const cjson = readdirSync('/usr/lib').some((name) => existsSync(`/usr/lib/${name}/lua/5.1/cjson.so`));
  return module && cjson && hasProgram('nginx', '-v');
}

/** Starts all servers under comparison: the peers, and the proxy in each mode. */
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
    for (const [name, entry] of [...PEERS, ...nativePeers()]) await enter(name, scene.startPeer(entry));
    return { contenders, stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Returns the same requests as conditional ones, each with the current ETag of its response. */
async function writeConditional(scene: Scene, server: ServerProcess): Promise<string> {
  const conditional = [];
  for (const request of scene.requests) {
    const { token } = request;
    const answer = await exchange(`http://127.0.0.1:${server.port}${request.path}`, { token });
    const entityTag = answer.headers.etag;
    if (entityTag === undefined) throw new Error('the proxy responded without an ETag');
    conditional.push({ ...request, entityTag });
  }
  const file = scene.file('conditional-requests');
  writeRequests(file, conditional);
  return file;
}

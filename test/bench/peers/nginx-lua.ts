import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { Redis } from 'ioredis';
import { JSON_HEADERS } from '../../../src/http/security-headers.ts';
import { LIMIT, peer, WINDOW_MS } from './peer.ts';
import { runNative } from './native-server.ts';

const redis = new Redis(peer.redisUrl);
const keys = await redis.keys('peer:*');
const values = await Promise.all(keys.map((key) => redis.get(key)));
redis.disconnect();

const quoted = (text: string): string => `'${text.replaceAll("'", "\\'")}'`;

/** nginx with one worker, as the other peers have one process. It loads its data from Redis at the start. */
await runNative({
  program: 'nginx',
  args: (file, directory) => ['-c', file, '-p', directory, '-e', 'stderr'],
  configuration(port, directory) {
    const bodies = path.join(directory, 'bodies');
    writeFileSync(bodies, keys.map((key, index) => `${key}\t${values[index]}\n`).join(''));
    const security = [...JSON_HEADERS].map(([name, value]) => `add_header ${name} "${value}" always;`);
    return `
load_module /usr/lib/nginx/modules/ndk_http_module.so;
load_module /usr/lib/nginx/modules/ngx_http_lua_module.so;
daemon off;
master_process off;
pid ${directory}/pid;
error_log stderr error;
events { worker_connections 1024; }
http {
  access_log ${directory}/access.log combined buffer=32k flush=1s;
  client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p; fastcgi_temp_path ${directory}/f;
  uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
  keepalive_requests 100000000;
  server_tokens off;
  lua_shared_dict bodies 16m;
  lua_shared_dict limits 4m;
  lua_package_path '${import.meta.dirname}/?.lua;/usr/share/lua/5.1/?.lua;;';
  init_by_lua_block {
    handler = require 'nginx'
    handler.secret, handler.issuer, handler.audience =
      ${quoted(peer.jwtSecret)}, ${quoted(peer.issuer)}, ${quoted(peer.audience)}
    handler.limit, handler.window = ${LIMIT}, ${WINDOW_MS / 1000}
    handler.load(${quoted(bodies)})
  }
  server {
    listen 127.0.0.1:${port} backlog=1024;
    ${security.join('\n    ')}
    location / { content_by_lua_block { handler.answer() } }
  }
}
`;
  },
});

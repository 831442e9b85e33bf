import fastifyHelmet from '@fastify/helmet';
import fastifyJwt from '@fastify/jwt';
import fastifyRateLimit from '@fastify/rate-limit';
import fastifyRedis from '@fastify/redis';
import fastify from 'fastify';
import { announce, contactKey, LIMIT, peer, WINDOW_MS } from './peer.ts';

/** Fastify with its own plugins. fast-jwt caches verified tokens, as the proxy does. */
const app = fastify({ logger: false });
await app.register(fastifyHelmet);
await app.register(fastifyRedis, { url: peer.redisUrl, enableAutoPipelining: true });
await app.register(fastifyJwt, {
  secret: peer.jwtSecret,
  verify: { algorithms: ['HS256'], allowedIss: peer.issuer, allowedAud: peer.audience, cache: 10_000 },
});
app.addHook('onRequest', async (request) => {
  await request.jwtVerify();
});
await app.register(fastifyRateLimit, {
  max: LIMIT,
  timeWindow: WINDOW_MS,
  redis: app.redis,
  hook: 'preHandler',
  keyGenerator: (request) => String((request.user as { sub?: unknown }).sub),
});
app.get<{ Params: { id: string } }>('/contacts/:id', async (request, reply) => {
  const claims = request.user as Record<string, unknown>;
  const found = await app.redis.get(contactKey(claims, request.params.id));
  if (found === null) return reply.code(404).send({ error: 'not found' });
  return JSON.parse(found);
});
await app.listen({ port: 0, host: '127.0.0.1' });
announce(app.server);

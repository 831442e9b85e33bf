import { createSecretKey } from 'node:crypto';
import { once } from 'node:events';
import express, { type RequestHandler } from 'express';
import { rateLimit } from 'express-rate-limit';
import helmet from 'helmet';
import { Redis } from 'ioredis';
import jwt from 'jsonwebtoken';
import { RedisStore, type RedisReply } from 'rate-limit-redis';
import { announce, contactKey, LIMIT, peer, WINDOW_MS } from './peer.ts';

/** The usual Express middleware, each configured for speed as its documentation recommends. */
const redis = new Redis(peer.redisUrl, { enableAutoPipelining: true });
await once(redis, 'ready');
// perf: jsonwebtoken takes three times as long with a string as with a KeyObject.
const key = createSecretKey(Buffer.from(peer.jwtSecret));

const authenticate: RequestHandler = (req, res, next) => {
  try {
    const token = (req.headers.authorization ?? '').slice('Bearer '.length);
    const { issuer, audience } = peer;
    res.locals['claims'] = jwt.verify(token, key, { algorithms: ['HS256'], issuer, audience });
    next();
  } catch {
    res.status(401).json({ error: 'unauthorized' });
  }
};

const app = express();
app.use(helmet());
app.use(authenticate);
app.use(
  rateLimit({
    windowMs: WINDOW_MS,
    limit: LIMIT,
    standardHeaders: 'draft-8',
    legacyHeaders: false,
    keyGenerator: (_req, res) => String(res.locals['claims'].sub),
    store: new RedisStore({
      sendCommand: (command: string, ...args: string[]) =>
        redis.call(command, ...args) as Promise<RedisReply>,
    }),
  }),
);
const getContact: RequestHandler<{ id: string }> = async (req, res) => {
  const found = await redis.get(contactKey(res.locals['claims'], req.params.id));
  if (found === null) return void res.status(404).json({ error: 'not found' });
  res.json(JSON.parse(found));
};
app.get('/contacts/:id', getContact);
const server = app.listen(0, '127.0.0.1', () => announce(server));

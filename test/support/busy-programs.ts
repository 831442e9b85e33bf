import type { TestResponse } from './http.ts';
import { newKey, startIssuer } from './issuer.ts';
import { readExposition, scrape, type Exposed } from './prometheus.ts';
import { startRedis } from './redis/redis-server.ts';
import { startProgram } from './start-program.ts';
import { waitFor } from './wait-for.ts';
import { programEnv, startWorld } from './world.ts';

export interface BusyPrograms {
  /** Every metric that the programs expose. */
  readonly exposed: Map<string, Exposed>;
  stop(): Promise<void>;
}

/**
 * Starts programs with and without Redis, and makes each counted event occur: hits, rejected requests, upstream
 * failures and a Redis outage.
 *
 * @param onStarted called with the admin URLs before the first event.
 */
export async function startBusyPrograms(
  onStarted: (adminUrls: readonly string[]) => Promise<void> = async () => {},
): Promise<BusyPrograms> {
  const started: { stop(): Promise<unknown> }[] = [];
  const stop = async (): Promise<void> => {
    for (const one of started.toReversed()) await one.stop();
  };
  const keep = <Started extends { stop(): Promise<unknown> }>(one: Started): Started => {
    started.push(one);
    return one;
  };
  try {
    const redis = keep(await startRedis());
    const issuer = keep(await startIssuer(newKey('key').jwk));
    const world = keep(
      await startWorld({
        REDIS_URL: redis.url,
        JWT_ISSUERS: JSON.stringify({ published: { jwksUri: issuer.jwksUri } }),
      }),
    );
    const alone = keep(await startProgram(programEnv(world.sandbox, world.secret)));
    await onStarted([world.program.adminUrl, alone.adminUrl]);
    const get = (path: string, token = world.token()): Promise<TestResponse> => world.get(path, { token });
    const id = world.freshContact();
    for (const path of ['', '', '?include=notes', '/entity']) await get(`/contacts/${id}${path}`);
    await Promise.all(
      [1, 2, 3].map(() => get(`/contacts/${world.directory.reference.contact}?include=profile`)),
    );
    await get(`/contacts/${id}`, 'no.token.atall');
    await world.invalidate(id);
    await world.sandbox.setFaults({ mode: 'error:INVALID_API_KEY' });
    for (let count = 0; count < 12; count += 1) await get(`/contacts/${world.freshContact()}`);
    const exposed = readExposition(await scrape(alone.adminUrl));
    await redis.stop();
    await waitFor('redis_up to be 0', async () =>
      (await scrape(world.program.adminUrl)).includes('zyntro_bff_redis_up 0'),
    );
    await world.invalidate(id);
    return { exposed: readExposition(await scrape(world.program.adminUrl), exposed), stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

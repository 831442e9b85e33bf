import request from 'supertest';
import {
  ADD_NOTE,
  FETCH_CONTACT,
  REQUEST,
  startSandboxServers,
  type SandboxServers,
} from '../support/sandbox-servers.ts';
import { waitFor } from '../support/wait-for.ts';

let sandbox: SandboxServers;
beforeAll(async () => {
  sandbox = await startSandboxServers({ SANDBOX_FAULT_RATE: '0.25', SANDBOX_DELAY_MS: '1' });
});
afterAll(() => sandbox?.stop());
afterEach(() => request(sandbox.control).post('/reset').expect(200));

const control = () => request(sandbox.control);

describe('faults', () => {
  test('PUT /faults replaces, PATCH merges, DELETE restores the faults from the start', async () => {
    const { body: started } = await control().get('/faults');
    expect(started).toMatchObject({ delayMs: 1, rate: 0.25, mode: 'none', contactId: null });
    const put = await control().put('/faults').send({ mode: 'html' }).expect(200);
    expect(put.body).toMatchObject({ delayMs: 0, rate: 1, mode: 'html' });
    const patched = await control().patch('/faults').send({ jitterMs: 5 }).expect(200);
    expect(patched.body).toMatchObject({ mode: 'html', jitterMs: 5 });
    expect((await control().delete('/faults').expect(200)).body).toEqual(started);
    expect((await control().get('/faults')).body).toEqual(started);
  });

  test.each([
    [{ mode: 'explode' }, 'mode'],
    [{ rate: 2 }, 'rate'],
    [{ rate: '1' }, 'rate'],
    [{ delayMs: -1 }, 'delayMs'],
    [{ hugeBytes: 0 }, 'hugeBytes'],
    [{ dripMs: null }, 'dripMs'],
    [{ contactId: 7 }, 'contactId'],
    [{ phase: 'later' }, 'phase'],
    [{ commitDelayMs: -1 }, 'commitDelayMs'],
    [{ calls: 0 }, 'calls'],
    [{ calls: 1.5 }, 'calls'],
    [{ delay: 5 }, 'delay'],
    [{ constructor: 1 }, 'constructor'],
  ])('PUT /faults rejects %j by name and changes nothing', async (change, name) => {
    const before = (await control().get('/faults')).body;
    const response = await control()
      .put('/faults')
      .send({ jitterMs: 9, ...change })
      .expect(400);
    expect(response.body.faults).toHaveLength(1);
    expect(response.body.faults[0]).toMatch(new RegExp(`^${name}: `));
    expect((await control().get('/faults')).body).toEqual(before);
  });

  test('PATCH /faults lists every invalid member at once', async () => {
    const response = await control().patch('/faults').send({ mode: 1, rate: 2, nonsense: 3 }).expect(400);
    expect(response.body.faults).toHaveLength(3);
  });

  test.each(['{"mode":', '[]', '"html"', ''])(
    'PUT and PATCH /faults reject the body %j and change nothing',
    async (text) => {
      await control().put('/faults').send({ mode: 'html' }).expect(200);
      for (const method of ['put', 'patch'] as const) {
        await control()[method]('/faults').set('Content-Type', 'application/json').send(text).expect(400);
      }
      expect((await control().get('/faults')).body.mode).toBe('html');
    },
  );
});

const note = () =>
  request(sandbox.data)
    .post(ADD_NOTE)
    .send({ ...REQUEST, note: 'text' });

describe('faults of one operation', () => {
  const path = '/faults/addNotestoContact';

  test('replace the general ones for that operation until they are deleted', async () => {
    const { body: general } = await control().put('/faults').send({ mode: 'html' }).expect(200);
    expect((await control().get(path).expect(200)).body).toEqual(general);
    await control().put(path).send({ mode: 'http-500' }).expect(200);
    await control().patch(path).send({ retryAfterS: 7 }).expect(200);
    expect((await control().get(path)).body).toMatchObject({ mode: 'http-500', retryAfterS: 7 });
    expect((await note()).status).toBe(500);
    expect((await control().get('/faults')).body).toEqual(general);
    await control().delete(path).expect(204);
    expect((await note()).type).toBe('text/html');
  });

  test('are deleted by DELETE /faults and POST /reset', async () => {
    for (const clear of [() => control().delete('/faults'), () => control().post('/reset')]) {
      await control().put(path).send({ mode: 'http-500' });
      await clear();
      expect((await control().get(path)).body).toEqual((await control().get('/faults')).body);
    }
  });

  test('are refused for an unknown operation, and if a member is invalid', async () => {
    const unknown = await control().put('/faults/deleteContact').send({}).expect(404);
    expect(unknown.body.operations).toContain('addNotestoContact');
    await control().put(path).send({ mode: 'explode' }).expect(400);
    expect((await note()).body.status).toBe('success');
  });

  test('end after the given number of calls', async () => {
    await control().put(path).send({ mode: 'http-500', calls: 2 });
    expect((await note()).status).toBe(500);
    expect((await control().get(path)).body.calls).toBe(1);
    expect([(await note()).status, (await note()).status]).toEqual([500, 200]);
  });
});

test('an operation that is carried out after POST /reset changes and counts nothing', async () => {
  await control().put('/faults').send({ commitDelayMs: 2000 });
  const [late] = await Promise.all([
    note(),
    waitFor('the call', () => sandbox.state.calls.report().count === 1).then(() => control().post('/reset')),
  ]);
  expect(late.body.status).toBe('success');
  expect((await control().get('/calls')).body.carriedOut).toEqual({});
  expect((await control().get(`/contacts/${REQUEST.contact_id}`)).body.notes).toHaveLength(1);
});

const read = () => request(sandbox.data).post(FETCH_CONTACT).send(REQUEST);
const carriedOut = (): number => sandbox.state.calls.report().carriedOut['fetchContact'] ?? 0;

describe('the moment of a fault', () => {
  test.each([
    ['before', 0],
    ['during', 1],
    ['after', 1],
  ] as const)('phase %s: the operation is carried out %i times', async (phase, count) => {
    await control().put('/faults').send({ mode: 'reset', phase });
    await expect(read().then(() => 'a response')).rejects.toMatchObject({ code: 'ECONNRESET' });
    if (count > 0) await waitFor('the operation', () => carriedOut() === count);
    expect(carriedOut()).toBe(count);
  });

  test('a refusal is never carried out', async () => {
    await control().put('/faults').send({ mode: 'unknown-message', phase: 'after' });
    expect((await read()).body.status).toBe('error');
    await control().put('/faults').send({ mode: 'error:NOT_FOUND', phase: 'during' });
    expect((await read()).body.status).toBe('error');
    expect(carriedOut()).toBe(0);
  });

  test('commitDelayMs carries out the operation later, even after the client has left', async () => {
    await control().put('/faults').send({ commitDelayMs: 3000 });
    const left = read().timeout(1000);
    await expect(left.then(() => 'a response')).rejects.toMatchObject({ timeout: 1000 });
    await waitFor('the operation', () => carriedOut() === 1);
  });
});

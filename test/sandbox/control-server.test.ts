import request from 'supertest';
import {
  ADD_NOTE,
  COLLEAGUE,
  FETCH_CONTACT,
  ORG,
  postTo,
  REQUEST,
  startSandboxServers,
} from '../support/sandbox-servers.ts';
import type { SandboxServers } from '../support/sandbox-servers.ts';
import type { Json } from '../support/http.ts';

let sandbox: SandboxServers;
beforeAll(async () => {
  sandbox = await startSandboxServers({ SANDBOX_FAULT_RATE: '0.25', SANDBOX_DELAY_MS: '1' });
});
afterAll(() => sandbox?.stop());
afterEach(() => request(sandbox.control).post('/reset').expect(200));

const control = () => request(sandbox.control);
const fetchContact = async (change: object = {}): Promise<Json> =>
  (
    await request(sandbox.data)
      .post(FETCH_CONTACT)
      .send({ ...REQUEST, ...change })
  ).body;

describe('calls', () => {
  test('GET /calls lists the calls, newest last, without credentials', async () => {
    await fetchContact({ include_notes: 1, include_signals: 1 });
    await fetchContact({ contact_id: 'nobody', include_entity: '1' });
    const { body, text } = await control().get('/calls').expect(200);
    expect(body).toMatchObject({ count: 2, mostAtOnce: 1 });
    expect(body.calls).toMatchObject([
      {
        n: 1,
        operation: 'fetchContact',
        orgId: ORG,
        memberId: REQUEST.member_id,
        contactId: REQUEST.contact_id,
        include: ['notes', 'signals'],
        outcome: 'success',
        peer: '127.0.0.1',
      },
      { n: 2, contactId: 'nobody', include: [], outcome: 'NOT_FOUND' },
    ]);
    expect(text).not.toContain(REQUEST.api_key);
    expect(text).not.toContain(REQUEST.developer_secret);
  });

  test('developerKey distinguishes two secrets without revealing them', async () => {
    for (const developer_secret of ['zdk_one', 'zdk_one', 'zdk_two'])
      await fetchContact({ developer_secret });
    const keys = (await control().get('/calls')).body.calls.map((call: Json) => call.developerKey);
    expect(keys[0]).toBe(keys[1]);
    expect(keys[0]).not.toBe(keys[2]);
  });

  test('DELETE /calls resets the log and the counters', async () => {
    await fetchContact();
    await control().delete('/calls').expect(204);
    expect((await control().get('/calls')).body).toEqual({
      count: 0,
      mostAtOnce: 0,
      carriedOut: {},
      calls: [],
    });
  });

  test('mostAtOnce counts the calls in flight at the same time', async () => {
    await control().put('/faults').send({ delayMs: 300 });
    await Promise.all([fetchContact(), fetchContact(), fetchContact()]);
    expect((await control().get('/calls')).body.mostAtOnce).toBe(3);
    await control().delete('/calls');
    await fetchContact();
    expect((await control().get('/calls')).body.mostAtOnce).toBe(1);
  });

  test('counts the operations that were carried out, by name', async () => {
    await fetchContact();
    await fetchContact({ contact_id: 'nobody' });
    await postTo(sandbox, ADD_NOTE, { ...REQUEST, note: 'text' });
    await control().put('/faults').send({ mode: 'http-500', phase: 'after' });
    await request(sandbox.data)
      .post(ADD_NOTE)
      .send({ ...REQUEST, note: 'text' })
      .expect(500);
    const { body } = await control().get('/calls').expect(200);
    expect(body.carriedOut).toEqual({ fetchContact: 1, addNotestoContact: 2 });
    expect(body.calls.map((call: Json) => [call.outcome, call.carriedOut])).toEqual([
      ['success', true],
      ['NOT_FOUND', false],
      ['success', true],
      ['FAULT:http-500', true],
    ]);
  });

  test('the call log holds 1000 calls and counts all of them', async () => {
    for (let n = 0; n < 1005; n += 1) {
      sandbox.state.calls.add('fetchContact', REQUEST, '127.0.0.1');
      sandbox.state.calls.ended();
    }
    const { body } = await control().get('/calls');
    expect({ count: body.count, kept: body.calls.length, first: body.calls[0].n }).toEqual({
      count: 1005,
      kept: 1000,
      first: 6,
    });
  });
});

describe('contacts', () => {
  const path = `/contacts/${REQUEST.contact_id}`;

  test('PATCH /contacts/:id merges fields into the contact', async () => {
    await control()
      .patch(path)
      .send({ contact: { contact_city: 'Oslo' }, entity: null })
      .expect(200);
    const { data } = await fetchContact({ include_entity: 1 });
    expect(data.contact).toMatchObject({ contact_city: 'Oslo', contact_name: 'Jane Smith' });
    expect(data.entity).toBeNull();
  });

  test('PATCH /contacts/:id can hide a contact from everyone except its owner', async () => {
    await control().patch(path).send({ hidden: true }).expect(200);
    expect((await fetchContact({ member_id: COLLEAGUE })).data).toEqual(['No such contact']);
    expect((await fetchContact()).status).toBe('success');
  });

  test('GET /contacts/:id returns the record with its private notes', async () => {
    await postTo(sandbox, ADD_NOTE, { ...REQUEST, note: 'private' });
    const { body } = await control().get(path.toUpperCase().replace('CONTACTS', 'contacts')).expect(200);
    expect(body.notes.at(-1)).toMatchObject({ content: 'private', maker: REQUEST.member_id, private: true });
    await control().get(`/contacts/${crypto.randomUUID()}`).expect(404);
  });

  test('DELETE /contacts/:id deletes once and then returns 404', async () => {
    await control().delete(path).expect(204);
    expect((await fetchContact()).data).toEqual(['No such contact']);
    await control().delete(path).expect(404);
    await control().patch(path).send({ entity: null }).expect(404);
  });

  test('GET /contacts lists ids by organization and page', async () => {
    const all = (await control().get('/contacts').expect(200)).body;
    expect(all.total).toBe(3001);
    expect(all.ids).toHaveLength(100);
    const { body } = await control().get('/contacts').query({ org: ORG, offset: 1, limit: 3 });
    expect(body.total).toBe(1001);
    expect(body.ids).toEqual(all.ids.slice(1, 4));
  });
});

describe('directory', () => {
  test('GET /directory lists members and matching samples, without secrets', async () => {
    const { body, text } = await control().get('/directory').expect(200);
    expect(body.organizations).toHaveLength(3);
    expect(text).not.toMatch(/api-key|zdk_/);
    const [org] = body.organizations;
    const [complete] = org.samples.complete;
    const flags = { include_notes: 1, include_entity: 1, include_profile: 1, include_signals: 1 };
    const { data } = await fetchContact({ ...flags, contact_id: complete });
    expect(Object.values(data)).not.toContain(null);
    const names = {
      withoutNotes: 'notes',
      withoutEntity: 'entity',
      withoutProfile: 'contact_profile',
      withoutSignals: 'signals',
    };
    for (const [sample, part] of Object.entries(names)) {
      const [contact_id] = org.samples[sample];
      expect((await fetchContact({ ...flags, contact_id })).data[part]).toBeNull();
    }
    const { id, maker, content } = org.privateNote;
    const notesOf = async (member_id: string) =>
      JSON.stringify((await fetchContact({ contact_id: id, member_id, include_notes: 1 })).data.notes);
    expect(await notesOf(maker)).toContain(JSON.stringify(content));
    for (const member of org.members) {
      const { data: seen } = await fetchContact({ contact_id: id, member_id: member.id, include_notes: 1 });
      const makers = (seen.notes ?? []).map((note: Json) => [note.note_maker, note.note_content].join());
      expect(makers.includes([maker, content].join())).toBe(member.id === maker);
    }
  });
});

describe('access', () => {
  test('PATCH /access changes the secret and the IP allowlist', async () => {
    await control().patch('/access').send({ developerSecret: 'zdk_rotated' }).expect(204);
    expect((await fetchContact()).data).toEqual(['Invalid developer_secret']);
    expect((await fetchContact({ developer_secret: 'zdk_rotated' })).status).toBe('success');
    await control()
      .patch('/access')
      .send({ allowedIps: ['127.0.0.9'] })
      .expect(204);
    expect((await fetchContact({ developer_secret: 'zdk_rotated' })).data).toEqual([
      'IP address not whitelisted',
    ]);
  });

  test('PATCH /access rejects an invalid allowlist and changes nothing', async () => {
    const change = { developerSecret: 'zdk_rotated', allowedIps: ['127.0.0.1', 'localhost'] };
    await control().patch('/access').send(change).expect(400);
    expect((await fetchContact()).status).toBe('success');
  });
});

test('POST /reset restores contacts, access, faults and calls', async () => {
  await control().delete(`/contacts/${REQUEST.contact_id}`);
  await control().patch('/access').send({ developerSecret: 'zdk_rotated', allowedIps: [] });
  await control().put('/faults').send({ mode: 'silent' });
  await control().post('/reset').expect(200);
  expect((await control().get('/calls')).body.count).toBe(0);
  expect((await fetchContact()).status).toBe('success');
});

test('returns 404 with the known routes for an unknown route', async () => {
  for (const response of [await control().get('/'), await control().post('/calls')]) {
    expect(response.status).toBe(404);
    expect(response.body.routes).toEqual(
      expect.arrayContaining(['GET /calls', 'PUT /faults', 'POST /reset']),
    );
  }
});

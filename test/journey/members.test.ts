import { startWriteWorld, type WriteWorld } from '../support/write-world.ts';

let world: WriteWorld;
beforeAll(async () => {
  world = await startWriteWorld(1, { ZYNTRO_BRAND_ID: '101' });
});
afterAll(() => world?.stop());

test('the members of one brand are not shown after a change of ZYNTRO_BRAND_ID', async () => {
  const [member] = world.fleet.org.members;
  const listed = await world.client(member!).get('/members');
  expect(listed.status).toBe(200);
  expect(listed.json().data.length).toBeGreaterThan(0);
  const changed = await world.fleet.add({ ZYNTRO_BRAND_ID: '999999' });
  const other = await world.client(member!, undefined, changed).get('/members');
  expect(other.text).not.toBe(listed.text);
  expect(await world.calls('fetchMembers')).toHaveLength(2);
});

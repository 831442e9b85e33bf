import { ProcessRegistry } from '../../src/cache/process-registry.ts';

test('forgets processes that are silent when it hears another one', () => {
  const clock = { now: 0 };
  const registry = new ProcessRegistry({
    processId: 'self',
    publish: async () => {},
    isPresent: () => true,
    onLeave: () => {},
    now: () => clock.now,
    setTimer: () => () => {},
  });
  for (let process = 0; process < 100; process += 1) registry.receive(`+p${process}`);
  clock.now = 2000;
  registry.receive('+p7');
  clock.now = 4000;
  registry.receive('+new');
  // Without this, `others` would forget them by itself.
  clock.now = 0;
  expect(registry.others()).toEqual(['p7', 'new']);
});

test('does not say that it is present once it has said that it leaves', async () => {
  const published: string[] = [];
  const registry = new ProcessRegistry({
    processId: 'self',
    publish: async (message) => void published.push(message),
    isPresent: () => true,
    onLeave: () => {},
    now: () => 0,
    setTimer: () => () => {},
  });
  registry.start();
  registry.receive('?other');
  await registry.stop();
  registry.receive('?another');
  expect(published).toEqual(['?self', '+self', '-self']);
});

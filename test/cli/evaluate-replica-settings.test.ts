import { evaluateReplicaSettings } from '../../src/cli/doctor/evaluate-replica-settings.ts';

const infoOf = (role: string, replicas: number) =>
  new Map([
    ['role', role],
    ['connected_slaves', String(replicas)],
  ]);
const configOf = (toWrite: number, maxLagS: number) =>
  new Map([
    ['min-replicas-to-write', String(toWrite)],
    ['min-replicas-max-lag', String(maxLagS)],
  ]);
const evaluate = (mode: 'standalone' | 'sentinel', replicas: number, config = configOf(1, 1)) => {
  const finding = evaluateReplicaSettings(infoOf('master', replicas), config, mode);
  return finding && `${finding.status}: ${finding.detail}`;
};

test('has no advice for a server without a replica, and for a replica', () => {
  expect(evaluate('sentinel', 0)).toBeUndefined();
  expect(evaluateReplicaSettings(infoOf('slave', 1), configOf(0, 10), 'standalone')).toBeUndefined();
});

test.each([
  ['sentinel', 1, 1, 'passed: min-replicas-to-write is 1, and min-replicas-max-lag is 1'],
  ['standalone', 1, 10, 'passed: min-replicas-to-write is 1, and min-replicas-max-lag is 10'],
  ['sentinel', 0, 10, 'warned: min-replicas-to-write is not in effect'],
  ['sentinel', 1, 0, 'warned: min-replicas-to-write is not in effect'],
  ['sentinel', 1, 10, 'warned: min-replicas-max-lag is 10: a master accepts writes for so many seconds'],
  [
    'sentinel',
    3,
    1,
    'warned: min-replicas-to-write is 3, and 2 replicas are connected: Redis rejects writes',
  ],
] as const)('%s with min-replicas-to-write %i and -max-lag %i', (mode, toWrite, maxLagS, expected) => {
  expect(evaluate(mode, 2, configOf(toWrite, maxLagS))).toBe(expected);
});

test('warns if the settings cannot be read', () => {
  const finding = evaluateReplicaSettings(infoOf('master', 1), undefined, 'sentinel');
  expect(finding).toMatchObject({
    status: 'warned',
    detail: 'min-replicas-to-write cannot be read',
    advice: expect.stringMatching(/^check manually; set min-replicas-to-write 1 and/),
  });
});

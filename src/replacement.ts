/** Values that a reload has built and that are not in use yet. Callers invoke one of both, once; neither throws. */
export interface Replacement {
  commit(): void;
  discard(): void;
}

/** Prepares all of them or none: when one throws, the earlier ones are discarded and the error is rethrown. */
export function prepareAll(steps: readonly (() => Replacement)[]): Replacement {
  const prepared: Replacement[] = [];
  try {
    for (const prepare of steps) prepared.push(prepare());
  } catch (error) {
    for (const one of prepared) one.discard();
    throw error;
  }
  return {
    commit: () => prepared.forEach((one) => one.commit()),
    discard: () => prepared.forEach((one) => one.discard()),
  };
}

/** Values that a reload has built but not activated. Callers invoke one of the two methods, once. Neither throws. */
export interface Replacement {
  commit(): void;
  discard(): void;
}

/** Prepares all steps or none. If one throws, discards the earlier ones and rethrows the error. */
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

import { MESSAGES } from './fetch-contact.ts';

/** Where the `redirect` fault points: it would answer, so that whoever follows is caught. */
export const REDIRECT_TARGET = '/redirected/fetchContact';

export const FAULT_MODES = [
  'none',
  'reset',
  'silent',
  'headers-then-silence',
  'slow-drip',
  'truncated',
  'malformed',
  'html',
  'huge',
  'redirect',
  'http-500',
  'http-429',
  'wrong-contact',
  'wrong-types',
  'unknown-message',
  ...Object.keys(MESSAGES).map((code) => `error:${code}`),
] as const;

export interface Faults {
  readonly delayMs: number;
  /** Added to the delay, up to this much, at random. */
  readonly jitterMs: number;
  readonly mode: string;
  /** The probability with which the mode applies. */
  readonly rate: number;
  readonly retryAfterS: number;
  readonly hugeBytes: number;
  readonly dripMs: number;
  /** Where it is set, delay and mode apply to this contact alone. */
  readonly contactId: string | null;
}

export const NO_FAULTS: Faults = {
  delayMs: 0,
  jitterMs: 0,
  mode: 'none',
  rate: 1,
  retryAfterS: 2,
  hugeBytes: 200 * 1024 * 1024,
  dripMs: 100,
  contactId: null,
};

const within = (min: number, max: number) => (value: unknown) =>
  typeof value === 'number' && value >= min && value <= max
    ? undefined
    : `must be a number from ${min} to ${max}`;
const CHECKS: Readonly<Record<keyof Faults, (value: unknown) => string | undefined>> = {
  delayMs: within(0, 600_000),
  jitterMs: within(0, 600_000),
  rate: within(0, 1),
  retryAfterS: within(0, 86_400),
  hugeBytes: within(1, 1e10),
  dripMs: within(1, 60_000),
  contactId: (value) => (value === null || typeof value === 'string' ? undefined : 'must be a text or null'),
  mode: (value) =>
    (FAULT_MODES as readonly unknown[]).includes(value)
      ? undefined
      : `must be one of ${FAULT_MODES.join(', ')}`,
};

/** What is wrong with a change of the faults; nothing is wrong where the list is empty. */
export function faultsIn(change: object): string[] {
  return Object.entries(change).flatMap(([name, value]) => {
    if (!Object.hasOwn(CHECKS, name)) return [`${name}: is none of ${Object.keys(CHECKS).join(', ')}`];
    const wrong = CHECKS[name as keyof Faults](value);
    return wrong === undefined ? [] : [`${name}: ${wrong}`];
  });
}

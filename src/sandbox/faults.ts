import { MESSAGES } from './fetch-contact.ts';

/** The target of the `redirect` fault. It returns a contact, so that a client that follows is detected. */
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
  /** The maximum random delay that is added to `delayMs`. */
  readonly jitterMs: number;
  readonly mode: string;
  /** The probability that the mode applies to a call, from 0 to 1. */
  readonly rate: number;
  readonly retryAfterS: number;
  readonly hugeBytes: number;
  readonly dripMs: number;
  /** If set, delay and mode apply only to calls for this contact. */
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
  contactId: (value) =>
    value === null || typeof value === 'string' ? undefined : 'must be a string or null',
  mode: (value) =>
    (FAULT_MODES as readonly unknown[]).includes(value)
      ? undefined
      : `must be one of ${FAULT_MODES.join(', ')}`,
};

/** Validates a change of the faults. Returns one message per invalid member, and an empty list if all are valid. */
export function invalidFaults(change: object): string[] {
  return Object.entries(change).flatMap(([name, value]) => {
    if (!Object.hasOwn(CHECKS, name)) return [`${name}: must be one of ${Object.keys(CHECKS).join(', ')}`];
    const message = CHECKS[name as keyof Faults](value);
    return message === undefined ? [] : [`${name}: ${message}`];
  });
}

import { MESSAGES } from './messages.ts';
import type { Body } from './operations/operation.ts';

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

/** The moment of a fault, relative to the operation: it is not carried out, carried out later, or before. */
const PHASES = ['before', 'during', 'after'] as const;

export interface Faults {
  readonly delayMs: number;
  /** The maximum random delay that is added to `delayMs`. */
  readonly jitterMs: number;
  readonly mode: string;
  /**
   * `before`: the operation is not carried out. `during`: it is carried out after the faulty response, and
   * after `commitDelayMs`. `after`: it was carried out.
   */
  readonly phase: (typeof PHASES)[number];
  /** Time from the call to the moment when the operation is carried out, even if the client has left. */
  readonly commitDelayMs: number;
  /** Number of calls to which the faults still apply; null for no limit. */
  readonly calls: number | null;
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
  phase: 'after',
  commitDelayMs: 0,
  calls: null,
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
const oneOf = (names: readonly string[]) => (value: unknown) =>
  (names as readonly unknown[]).includes(value) ? undefined : `must be one of ${names.join(', ')}`;
const CHECKS: Readonly<Record<keyof Faults, (value: unknown) => string | undefined>> = {
  delayMs: within(0, 600_000),
  jitterMs: within(0, 600_000),
  rate: within(0, 1),
  commitDelayMs: within(0, 600_000),
  calls: (value) =>
    value === null || (Number.isInteger(value) && (value as number) > 0)
      ? undefined
      : 'must be a whole number above 0, or null',
  phase: oneOf(PHASES),
  retryAfterS: within(0, 86_400),
  hugeBytes: within(1, 1e10),
  dripMs: within(1, 60_000),
  contactId: (value) =>
    value === null || typeof value === 'string' ? undefined : 'must be a string or null',
  mode: oneOf(FAULT_MODES),
};

/** Validates a change of the faults. Returns one message per invalid member, and an empty list if all are valid. */
export function invalidFaults(change: object): string[] {
  return Object.entries(change).flatMap(([name, value]) => {
    if (!Object.hasOwn(CHECKS, name)) return [`${name}: must be one of ${Object.keys(CHECKS).join(', ')}`];
    const message = CHECKS[name as keyof Faults](value);
    return message === undefined ? [] : [`${name}: ${message}`];
  });
}

/** The faults of one call, decided when it arrives. */
export interface FaultPlan {
  readonly mode: string;
  readonly phase: Faults['phase'];
  readonly delayMs: number;
  readonly commitDelayMs: number;
}

const NO_FAULT: FaultPlan = { mode: 'none', phase: 'after', delayMs: 0, commitDelayMs: 0 };

/** Returns whether the faults are about a call: it is within their number of calls and has their contact. */
export function applies({ calls, contactId }: Faults, body: Body): boolean {
  return calls !== 0 && (contactId === null || isSameId(contactId, body['contact_id']));
}

export function planFaults(faults: Faults, body: Body): FaultPlan {
  if (!applies(faults, body)) return NO_FAULT;
  const mode = Math.random() < faults.rate ? faults.mode : 'none';
  return {
    mode,
    phase: mode === 'none' ? 'after' : isRefusal(mode) ? 'before' : faults.phase,
    delayMs: faults.delayMs + Math.random() * faults.jitterMs,
    commitDelayMs: faults.commitDelayMs,
  };
}

/** An upstream that refuses an operation does not carry it out. */
function isRefusal(mode: string): boolean {
  return mode === 'unknown-message' || mode.startsWith('error:');
}

function isSameId(one: string, other: unknown): boolean {
  return typeof other === 'string' && one.toLowerCase() === other.toLowerCase();
}

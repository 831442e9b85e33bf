import { createHash } from 'node:crypto';
import type { Body } from './operations/operation.ts';

export interface Call {
  readonly n: number;
  readonly at: string;
  readonly operation: string;
  readonly orgId: unknown;
  readonly memberId: unknown;
  readonly contactId: unknown;
  readonly include: readonly string[];
  outcome: string;
  /** Whether the operation took effect, independent of the response. */
  carriedOut: boolean;
  readonly peer: string;
  /** The first 8 hex digits of the SHA-256 of the developer secret: identifies it without revealing it. */
  readonly developerKey: string;
}

const MAX_CALLS = 1000;
const INCLUDES = ['notes', 'profile', 'signals', 'entity'] as const;

/** The latest 1000 calls, newest last, without credentials. */
export class CallLog {
  #count = 0;
  #inFlight = 0;
  #maxInFlight = 0;
  #calls: Call[] = [];
  /** By name of the operation. */
  #carriedOut = new Map<string, number>();

  add(operation: string, body: Body, peer: string): Call {
    this.#count += 1;
    this.#inFlight += 1;
    this.#maxInFlight = Math.max(this.#maxInFlight, this.#inFlight);
    const call: Call = {
      n: this.#count,
      at: new Date().toISOString(),
      operation,
      orgId: body['org_id'],
      memberId: body['member_id'],
      contactId: body['contact_id'],
      include: INCLUDES.filter((name) => body[`include_${name}`] === 1),
      outcome: 'pending',
      carriedOut: false,
      peer,
      developerKey: createHash('sha256').update(String(body['developer_secret'])).digest('hex').slice(0, 8),
    };
    this.#calls.push(call);
    if (this.#calls.length > MAX_CALLS) this.#calls.shift();
    return call;
  }

  /** Counts an operation that took effect. */
  carriedOut(call: Call): void {
    call.carriedOut = true;
    this.#carriedOut.set(call.operation, (this.#carriedOut.get(call.operation) ?? 0) + 1);
  }

  /** Called when the response of an added call ended or its client disconnected. */
  ended(): void {
    this.#inFlight -= 1;
  }

  reset(): void {
    this.#count = 0;
    this.#maxInFlight = this.#inFlight;
    this.#calls = [];
    this.#carriedOut = new Map();
  }

  /**
   * Returns the calls, and the number of operations that took effect, by name. `mostAtOnce` is the maximum
   * number of calls in flight at the same time.
   */
  report() {
    return {
      count: this.#count,
      mostAtOnce: this.#maxInFlight,
      carriedOut: Object.fromEntries(this.#carriedOut),
      calls: this.#calls as readonly Call[],
    };
  }
}

import { createHash } from 'node:crypto';
import type { Body } from './fetch-contact.ts';

export interface Call {
  readonly n: number;
  readonly at: string;
  readonly operation: string;
  readonly orgId: unknown;
  readonly memberId: unknown;
  readonly contactId: unknown;
  readonly include: readonly string[];
  outcome: string;
  readonly peer: string;
  /** Tells which developer secret was sent, without saying it. */
  readonly developerKey: string;
}

const KEPT = 1000;
const INCLUDES = ['notes', 'profile', 'signals', 'entity'] as const;

/** The calls that came, newest last; no credentials. */
export class CallLog {
  #count = 0;
  #underWay = 0;
  #mostAtOnce = 0;
  #calls: Call[] = [];

  add(operation: string, body: Body, peer: string): Call {
    this.#count += 1;
    this.#underWay += 1;
    this.#mostAtOnce = Math.max(this.#mostAtOnce, this.#underWay);
    const call: Call = {
      n: this.#count,
      at: new Date().toISOString(),
      operation,
      orgId: body['org_id'],
      memberId: body['member_id'],
      contactId: body['contact_id'],
      include: INCLUDES.filter((name) => body[`include_${name}`] === 1),
      outcome: 'pending',
      peer,
      developerKey: createHash('sha256').update(String(body['developer_secret'])).digest('hex').slice(0, 8),
    };
    this.#calls.push(call);
    if (this.#calls.length > KEPT) this.#calls.shift();
    return call;
  }

  /** A call that was added has been answered, or its client has gone. */
  ended(): void {
    this.#underWay -= 1;
  }

  reset(): void {
    this.#count = 0;
    this.#mostAtOnce = this.#underWay;
    this.#calls = [];
  }

  /** `mostAtOnce` tells how many calls were ever under way at the same time. */
  report(): { count: number; mostAtOnce: number; calls: readonly Call[] } {
    return { count: this.#count, mostAtOnce: this.#mostAtOnce, calls: this.#calls };
  }
}

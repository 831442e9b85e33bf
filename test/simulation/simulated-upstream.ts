import { PARTS, type Part } from '../../src/contact/parts/index.ts';
import { AppError } from '../../src/errors.ts';
import type { UpstreamCall } from './checker.ts';
import type { Actor, Scheduler } from './scheduler.ts';

interface UpstreamOptions {
  readonly scheduler: Scheduler;
  readonly random: () => number;
  readonly timeoutMs: number;
  /** Whether some versions of a contact do not exist. */
  readonly hasNotFound: boolean;
  readonly log: (text: () => string) => void;
}

/** The contacts of the upstream, by version, and the calls that read them. */
export class SimulatedUpstream {
  /** The next call. */
  next = { upstreamMs: 5, fails: false };
  readonly #options: UpstreamOptions;
  readonly #versions = new Map<number, number>();
  readonly #calls: UpstreamCall[] = [];

  constructor(options: UpstreamOptions) {
    this.#options = options;
  }

  /** Returns parts of a contact, which hold the number of the call. It sees the version at some time during it. */
  fetch(actor: Actor, parts: readonly Part[], contact: number): Promise<Partial<Record<Part, Buffer>>> {
    const { scheduler, random, timeoutMs, log } = this.#options;
    const call: UpstreamCall = {
      id: this.#calls.length,
      beganAt: scheduler.now,
      endedAt: Infinity,
      version: 0,
    };
    const { upstreamMs: ms, fails } = this.next;
    this.#calls.push(call);
    scheduler.after(
      random() * ms,
      () => {
        call.version = this.versionOf(contact);
        log(() => `call ${call.id} sees version ${call.version} of contact ${contact}`);
      },
      undefined,
      false,
    );
    return new Promise((resolve, reject) => {
      const isLate = ms > timeoutMs;
      const end = (): void => {
        call.endedAt = scheduler.now;
        if (isLate) return reject(new AppError('UPSTREAM_TIMEOUT'));
        if (fails) return reject(new AppError('UPSTREAM_UNAVAILABLE'));
        if (!this.exists(call.version)) return reject(new AppError('CONTACT_NOT_FOUND'));
        const requested = PARTS.filter((part) => part === 'contact' || parts.includes(part));
        resolve(Object.fromEntries(requested.map((part) => [part, Buffer.from(String(call.id))])));
      };
      scheduler.after(Math.min(ms, timeoutMs), end, actor);
    });
  }

  /** Returns the call whose number the bytes hold. */
  callOf(bytes: unknown): UpstreamCall {
    return this.#calls[Number(String(bytes))]!;
  }

  exists(version: number): boolean {
    return !this.#options.hasNotFound || version % 4 !== 3;
  }

  /** Returns the latest version in which a contact did not exist, or -1. */
  latestMissing(contact: number): number {
    const current = this.versionOf(contact);
    return [current, current - 1, current - 2, current - 3].find((one) => !this.exists(one)) ?? -1;
  }

  versionOf(contact: number): number {
    return this.#versions.get(contact) ?? 0;
  }

  /** Changes a contact. Returns its new version. */
  change(contact: number): number {
    const version = this.versionOf(contact) + 1;
    this.#versions.set(contact, version);
    this.#options.log(() => `contact ${contact} has version ${version}`);
    return version;
  }
}

import type { AttemptOptions, AttemptRawParts } from '../../src/contact/fetch-parts.ts';
import type { ContactQuery } from '../../src/contact/read-contact.ts';

export const QUERY: ContactQuery = { org: 'org', member: 'member', contact: 'contact', parts: ['contact'] };

/** An attempt that does what the list says, one after another, and the last of it from then on. */
export function scripted(...script: (Error | 'ok')[]) {
  const seen: AttemptOptions[] = [];
  const attempt: AttemptRawParts = (_query, options) => {
    const next = script[Math.min(seen.length, script.length - 1)];
    seen.push(options);
    return next instanceof Error ? Promise.reject(next) : Promise.resolve({ contact: {} });
  };
  return { attempt, seen };
}

export function attemptOptions(changes: Partial<AttemptOptions> = {}): AttemptOptions {
  return { signal: new AbortController().signal, priority: 'caller', deadline: 5000, ...changes };
}

import { hasCharacters } from '../../lib/characters.ts';
import type { JsonObject } from '../../lib/json.ts';

export interface Lookup {
  readonly kind: 'email' | 'phone' | 'text';
  /** The value in the form in which it is compared. */
  readonly value: string;
  /** The text that the upstream searches for, and by which the result is cached. */
  readonly text: string;
}

const MAX_EMAIL_LENGTH = 254;
const EMAIL = /^[^\s@]{1,64}@[^\s@]+$/;

/** Returns the lookup of a value, or undefined if the value cannot belong to a contact. */
export function normalize(kind: Lookup['kind'], given: string): Lookup | undefined {
  const text = given.trim();
  switch (kind) {
    case 'email':
      return text.length <= MAX_EMAIL_LENGTH && EMAIL.test(text)
        ? { kind, text, value: caseFolded(text) }
        : undefined;
    case 'phone': {
      const value = digitsOf(text);
      return value.length >= 4 && value.length <= 20 && text.length <= 40 ? { kind, text, value } : undefined;
    }
    case 'text':
      return hasCharacters(text, 3, 200) ? { kind, text, value: text } : undefined;
  }
}

/**
 * Returns whether a contact has the value. The upstream matches e-mail addresses and phone numbers as free text
 * over nine fields, so they are compared with the contact's own; `text` is the upstream's match.
 */
export function matches({ kind, value }: Lookup, { email, phone }: JsonObject): boolean {
  if (kind === 'email') return typeof email === 'string' && caseFolded(email.trim()) === value;
  if (kind === 'phone') return typeof phone === 'string' && digitsOf(phone) === value;
  return true;
}

function caseFolded(text: string): string {
  return text.normalize('NFC').toLowerCase();
}

function digitsOf(text: string): string {
  return text.replaceAll(/\D/g, '');
}

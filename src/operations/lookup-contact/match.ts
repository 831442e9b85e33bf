import { hasCharacters } from '../../lib/characters.ts';

export interface Lookup {
  readonly kind: 'email' | 'phone' | 'text';
  /** The value in the form in which it is compared. */
  readonly value: string;
  /** The text that the upstream searches for, and by which the result is cached. */
  readonly text: string;
}

const MAX_EMAIL_LENGTH = 254;
const MAX_PHONE_LENGTH = 40;
const MAX_DIGITS = 20;

/**
 * Returns the lookup of a value, or undefined if its length is not that of one. The form is not checked: the CRM
 * does not check it either, and a part of an address finds nobody.
 */
export function normalize(kind: Lookup['kind'], given: string): Lookup | undefined {
  const text = given.trim();
  switch (kind) {
    case 'email':
      return text !== '' && text.length <= MAX_EMAIL_LENGTH
        ? { kind, text, value: caseFolded(text) }
        : undefined;
    case 'phone': {
      const value = digitsOf(text);
      return value !== '' && value.length <= MAX_DIGITS && text.length <= MAX_PHONE_LENGTH
        ? { kind, text, value }
        : undefined;
    }
    case 'text':
      return hasCharacters(text, 3, 200) ? { kind, text, value: text } : undefined;
  }
}

/** The values of a contact by which it is found. */
export interface Identifiers {
  readonly email?: unknown;
  readonly phone?: unknown;
}

/**
 * Returns whether a contact has the value. The upstream matches e-mail addresses and phone numbers as free text
 * over nine fields, so they are compared with the contact's own; `text` is the upstream's match.
 */
export function matches({ kind, value }: Lookup, { email, phone }: Identifiers): boolean {
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

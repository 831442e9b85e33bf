import { z } from 'zod';
import { isExample } from './secret-strength.ts';

const WHOLE = /^\d{1,15}$/;

export const text = z.string();

/** A credential that an external system issued. */
export const credential = text.refine((value) => !isExample(value), {
  error: 'is an example or a placeholder: set the value that was issued',
});

/** A whole number in decimal digits. */
export function whole(min: number, max: number) {
  return text
    .refine((value) => WHOLE.test(value) && Number(value) >= min && Number(value) <= max, {
      error: `must be a whole number from ${min} to ${max}`,
    })
    .transform(Number);
}

export function oneOf<const Names extends readonly [string, ...string[]]>(names: Names) {
  return z.enum(names, { error: `must be ${names.slice(0, -1).join(', ')} or ${names.at(-1)}` });
}

/** A list with commas or line breaks between its items. It can be empty. */
export const list = text.transform((value) =>
  value
    .split(/[,\r\n]/)
    .map((item) => item.trim())
    .filter((item) => item !== ''),
);

export const someOf = list.refine((items) => items.length > 0, {
  error: 'is an empty list: set a value, or remove the variable',
});

/** A number in JSON from 1 to `max`. */
export const count = (max: number) => z.int().min(1).max(max);

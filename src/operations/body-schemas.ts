import { z } from 'zod';
import { hasCharacters } from '../lib/characters.ts';

/** A text of 1 to `max` characters, as `hasCharacters` counts them. */
export function characters(max: number, error = `must be a text of 1 to ${max} characters`) {
  return z
    .string({ error })
    .refine((text) => hasCharacters(text, 1, max), { error })
    .meta({ minLength: 1, maxLength: max });
}

export function choice<const Value extends string>(values: readonly Value[]) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

export const flag = z.boolean({ error: 'must be true or false' });

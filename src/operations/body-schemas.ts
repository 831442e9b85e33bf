import { z } from 'zod';

/** A text of 1 to `max` characters (code points), which OpenAPI counts in the same way. */
export function characters(max: number, error = `must be a text of 1 to ${max} characters`) {
  return z
    .string({ error })
    .refine((text) => text !== '' && (text.length <= max || Array.from(text).length <= max), { error })
    .meta({ minLength: 1, maxLength: max });
}

export function choice<const Value extends string>(values: readonly Value[]) {
  return z.enum(values, { error: `must be one of ${values.join(', ')}` });
}

export const flag = z.boolean({ error: 'must be true or false' });

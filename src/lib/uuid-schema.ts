import { z } from 'zod';
import { UUID } from './uuid.ts';

/** A UUID, converted to lower case. */
export const uuidString = z.string().regex(UUID).toLowerCase();

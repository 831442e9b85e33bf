import { z } from 'zod';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../lib/json.ts';
import { INCLUDES, PART, type Part } from '../contact/parts/index.ts';
import type { ContactQuery } from '../contact/read-contact.ts';
import { AppError, type ErrorCode } from '../errors.ts';

/** The upstream's documented messages (its fetchContact page, "Errors"): its own code, and ours. */
const FAILURES: Readonly<Record<string, readonly [upstreamCode: string, code: ErrorCode]>> = {
  'Missing service instance': ['MISSING_API_KEY', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'Invalid API Key': ['INVALID_API_KEY', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'Missing developer_secret': ['MISSING_DEVELOPER_SECRET', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'Invalid developer_secret': ['INVALID_DEVELOPER_SECRET', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'User is not active': ['USER_INACTIVE', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'IP address not whitelisted': ['IP_NOT_WHITELISTED', 'UPSTREAM_EGRESS_REJECTED'],
  'No such contact': ['NOT_FOUND', 'CONTACT_NOT_FOUND'],
  'Missing contact ID': ['MISSING_CONTACT_ID', 'UPSTREAM_BAD_RESPONSE'],
  'Missing org ID': ['MISSING_ORG_ID', 'UPSTREAM_BAD_RESPONSE'],
  'Missing member ID': ['MISSING_MEMBER_ID', 'UPSTREAM_BAD_RESPONSE'],
};

const object = z.custom<JsonObject>(isJsonObject);
const loose = z.union([object, z.custom<readonly Json[]>(Array.isArray)]);
const FORMS = { object, list: z.array(object), either: loose } as const;

const ERROR = z.object({ status: z.literal('error'), data: z.array(z.string()).min(1) });
const CONTACT = z.discriminatedUnion('status', [
  z.object({
    status: z.literal('success'),
    data: z.object({
      ...Object.fromEntries(
        INCLUDES.map((part) => [
          PART[part].upstream.member,
          FORMS[PART[part].upstream.form].nullable().optional(),
        ]),
      ),
      contact: object.refine((contact) => typeof contact['contact_id'] === 'string'),
    }),
  }),
  ERROR,
]);
const IDENTIFIERS = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), data: loose }),
  ERROR,
]);

/**
 * Decodes one answer of fetchContact, which is 200 whatever happened.
 *
 * @returns the parts that were asked for, and `contact`, which always comes; `null` means that there is none.
 * @throws AppError with the code that the message stands for, or `UPSTREAM_BAD_RESPONSE` for whatever is
 *   not the documented envelope, leaves out a part that was asked for, or is about another contact.
 */
export function decodeEnvelope(text: string, query: ContactQuery): Partial<Record<Part, Json>> {
  const envelope = parseEnvelope(text, CONTACT);
  if (envelope.status === 'error') throw failureOf(envelope.data[0]!.trim());
  const { contact, ...others } = envelope.data;
  if ((contact['contact_id'] as string).toLowerCase() !== query.contact) throw badResponse('OTHER_CONTACT');
  const parts: Partial<Record<Part, Json>> = { contact };
  for (const part of query.parts) {
    if (part === 'contact') continue;
    // An absent part says nothing of whether there is one, and must not be cached as though it did.
    const value = (others as Partial<Record<string, Json>>)[PART[part].upstream.member];
    if (value === undefined) throw badResponse('PART_ABSENT');
    parts[part] = value;
  }
  return parts;
}

/**
 * Decodes one answer of fetchIdentifiers.
 *
 * @throws AppError as `decodeEnvelope` does.
 */
export function decodeIdentifiers(text: string): Json {
  const envelope = parseEnvelope(text, IDENTIFIERS);
  if (envelope.status === 'error') throw failureOf(envelope.data[0]!.trim());
  return envelope.data;
}

function parseEnvelope<T>(text: string, schema: z.ZodType<T>): T {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw badResponse('NOT_JSON', cause);
  }
  const result = schema.safeParse(json);
  if (!result.success) throw badResponse('NOT_THE_ENVELOPE');
  return result.data;
}

function failureOf(message: string): AppError {
  const known = Object.hasOwn(FAILURES, message) ? FAILURES[message] : undefined;
  // An unknown message is not repeated, even in the log: it could contain anything.
  if (!known) return badResponse('UNKNOWN_MESSAGE');
  return new AppError(known[1], { reason: known[0] });
}

export function badResponse(reason: string, cause?: unknown): AppError {
  return new AppError('UPSTREAM_BAD_RESPONSE', { reason, cause });
}

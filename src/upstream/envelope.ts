import { z } from 'zod';
import { isJsonObject, parseJson, type Json, type JsonObject } from '../lib/json.ts';
import { INCLUDES, PART, type Part } from '../contact/parts/index.ts';
import type { ContactQuery } from '../contact/read-contact.ts';
import { AppError, type ErrorCode } from '../errors.ts';

/** The code of a message in the upstream's documentation, and the error code of this proxy. */
export type Refusal = readonly [upstreamCode: string, code: ErrorCode];
/** The refusals of one operation, by the upstream's message. */
export type Refusals = Readonly<Record<string, Refusal>>;

/** Refusals of the credentials and of the egress address (fetchContact page, "Errors"). */
export const ACCESS_REFUSALS: Refusals = {
  'Missing service instance': ['MISSING_API_KEY', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'Invalid API Key': ['INVALID_API_KEY', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'Missing developer_secret': ['MISSING_DEVELOPER_SECRET', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'Invalid developer_secret': ['INVALID_DEVELOPER_SECRET', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'User is not active': ['USER_INACTIVE', 'UPSTREAM_CREDENTIALS_REJECTED'],
  'IP address not whitelisted': ['IP_NOT_WHITELISTED', 'UPSTREAM_EGRESS_REJECTED'],
};

/** Refusals of an operation on a contact (fetchContact page, "Errors"). */
export const CONTACT_REFUSALS: Refusals = {
  ...ACCESS_REFUSALS,
  'No such contact': ['NOT_FOUND', 'CONTACT_NOT_FOUND'],
  'Missing contact ID': ['MISSING_CONTACT_ID', 'UPSTREAM_BAD_RESPONSE'],
  'Missing org ID': ['MISSING_ORG_ID', 'UPSTREAM_BAD_RESPONSE'],
  'Missing member ID': ['MISSING_MEMBER_ID', 'UPSTREAM_BAD_RESPONSE'],
};

const object = z.custom<JsonObject>(isJsonObject);
/** An object or a list whose members are not documented. */
export const loose = z.union([object, z.custom<readonly Json[]>(Array.isArray)]);
const FORMS = { object, list: z.array(object), either: loose } as const;

/** An identifier as text. The upstream may send it as a number, which is kept digit by digit. */
export const identifier = z.unknown().transform((value, context) => {
  if (typeof value === 'string' && value !== '') return value;
  const digits = JSON.stringify(value) ?? '';
  if (/^\d{1,30}$/.test(digits)) return digits;
  context.addIssue('must be an identifier');
  return z.NEVER;
});

/** A flag in each of the upstream's spellings. */
export const flag = z.literal([0, 1, '0', '1', false, true]).transform((value) => Number(value) === 1);

/** An operation that returns nothing may leave `data` out: only a success is documented for it. */
const ENVELOPE = z.discriminatedUnion('status', [
  z.object({ status: z.literal('success'), data: z.unknown().optional() }),
  z.object({ status: z.literal('error'), data: z.array(z.string()).min(1) }),
]);
const CONTACT = z.object({
  ...Object.fromEntries(
    INCLUDES.map((part) => [
      PART[part].upstream.member,
      FORMS[PART[part].upstream.form].nullable().optional(),
    ]),
  ),
  contact: object.refine((contact) => typeof contact['contact_id'] === 'string'),
});

const decodeContact = envelopeDecoder(CONTACT, CONTACT_REFUSALS, 'UPSTREAM_BAD_RESPONSE');

/**
 * Decodes a response of fetchContact. The upstream sends errors with status 200 as well.
 *
 * @returns the requested parts, and always `contact`. A part that does not exist is `null`.
 * @throws AppError with the code of the message, or `UPSTREAM_BAD_RESPONSE` if the response is not the documented
 *   envelope, lacks a requested part, or describes another contact.
 */
export function decodeEnvelope(text: string, query: ContactQuery): Partial<Record<Part, Json>> {
  const { contact, ...others } = decodeContact(text);
  if ((contact['contact_id'] as string).toLowerCase() !== query.contact) throw badResponse('OTHER_CONTACT');
  const parts: Partial<Record<Part, Json>> = { contact };
  for (const part of query.parts) {
    if (part === 'contact') continue;
    // An absent member does not show whether the part exists, so it must not be cached as `null`.
    const value = (others as Partial<Record<string, Json>>)[PART[part].upstream.member];
    if (value === undefined) throw badResponse('PART_ABSENT');
    parts[part] = value;
  }
  return parts;
}

/**
 * Creates the decoder of one operation's responses.
 *
 * @param data schema of a success's `data`. It decides whether a success without `data` is accepted.
 * @param refusals the operation's messages.
 * @param unknown the code of another message. If it is `UPSTREAM_BAD_RESPONSE`, errors do not hold the message.
 * @returns a function that takes a response and, optionally, a classification of messages that are not in
 *   `refusals`. It throws AppError with the code of the message, or `UPSTREAM_BAD_RESPONSE` if the response is
 *   not the documented envelope.
 */
export function envelopeDecoder<Data>(
  data: z.ZodType<Data>,
  refusals: Refusals,
  unknown: 'UPSTREAM_REFUSED' | 'UPSTREAM_BAD_RESPONSE' = 'UPSTREAM_REFUSED',
) {
  return function decode(text: string, classify?: (message: string) => Refusal | undefined): Data {
    const envelope = parseEnvelope(text, ENVELOPE);
    if (envelope.status === 'success') return conforming(envelope.data, data);
    const message = envelope.data[0]!.trim();
    const known = Object.hasOwn(refusals, message) ? refusals[message] : classify?.(message);
    const [reason, code] = known ?? (['UNKNOWN_MESSAGE', unknown] as const);
    const isKept = unknown === 'UPSTREAM_REFUSED';
    throw new AppError(code, {
      reason,
      ...(isKept && { refusal: message.slice(0, MAX_REFUSAL_LENGTH) }),
    });
  };
}

const MAX_REFUSAL_LENGTH = 500;

function parseEnvelope<T>(text: string, schema: z.ZodType<T>): T {
  let json: Json;
  try {
    json = parseJson(text);
  } catch (cause) {
    throw badResponse('NOT_JSON', cause);
  }
  return conforming(json, schema);
}

function conforming<T>(value: unknown, schema: z.ZodType<T>): T {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw badResponse('NOT_THE_ENVELOPE', result.error, pathOf(result.error));
}

/** Returns the path of the first issue. Its names are the schema's, and array indexes. */
function pathOf({ issues: [issue] }: z.ZodError): string | undefined {
  const path = issue?.path.map(String).join('.') ?? '';
  return path === '' ? undefined : path.slice(0, MAX_PATH_LENGTH);
}

const MAX_PATH_LENGTH = 80;

/**
 * Creates the error of a response that is not usable.
 *
 * @param reason for the operator's log.
 * @param path the member that is not as documented.
 */
export function badResponse(reason: string, cause?: unknown, path?: string): AppError {
  return new AppError('UPSTREAM_BAD_RESPONSE', { reason, cause, ...(path !== undefined && { path }) });
}

import type { Request } from 'express';
import { INCLUDES, PARTS, isPart, type Part } from '../contact/parts/index.ts';
import { parseUuid } from '../lib/uuid.ts';
import { AppError, isAppError } from '../errors.ts';
import { listText, splitList, type Query } from '../http/query-list.ts';
import { fieldList, idList, includeList, MAX_LIST_LENGTH } from './request-schemas.ts';

/** Sparse fieldsets (JSON:API): the fields to keep, by part. A part without an entry keeps all fields. */
export type Fieldsets = ReadonlyMap<Part, ReadonlySet<string>>;

export const NO_FIELDSETS: Fieldsets = new Map();
const NO_QUERY: Query = {};

/** Returns the parsed query. Express parses it on each access, so requests without one do not access it. */
export function queryOf(req: Request): Query {
  return req.url.includes('?') ? req.query : NO_QUERY;
}

/** @throws AppError `INVALID_CONTACT_ID` if the value is not a UUID. */
export function parseContactId(value: unknown): string {
  const id = parseUuid(value);
  if (id !== undefined) return id;
  throw new AppError('INVALID_CONTACT_ID', { detail: `The contact id must be a UUID, ${UUID_SHAPE}.` });
}

const UUID_SHAPE = 'five groups of 8, 4, 4, 4 and 12 hexadecimal digits with dashes between';

/**
 * Returns the requested parts in the model's order: `contact` and the values of `include`.
 *
 * @throws AppError `INVALID_INCLUDE` if a value is unknown.
 */
export function parseInclude(query: Query): readonly Part[] {
  const text = listText(query, 'include');
  if (text === '') return CONTACT_ALONE;
  const names = includeList.safeParse(splitList(text, MAX_LIST_LENGTH));
  if (!names.success) {
    throw new AppError('INVALID_INCLUDE', {
      detail: `include takes any of ${INCLUDES.join(', ')}, separated by commas or repeated.`,
    });
  }
  return PARTS.filter((part) => part === 'contact' || names.data.includes(part));
}

const CONTACT_ALONE: readonly Part[] = ['contact'];

/**
 * Returns the unique ids of `ids` in their order, mapped to the caller's spelling.
 *
 * @throws AppError `INVALID_IDS` if an id is not a UUID, or if there are none or more than `max`.
 */
export function parseIds(query: Query, max: number): Map<string, string> {
  const spelled = new Map<string, string>();
  // Limits the length first, so that a huge list is not split.
  for (const item of splitList(listText(query, 'ids'), 64 * (max + 1)) ?? []) {
    const id = item.toLowerCase();
    if (!spelled.has(id)) spelled.set(id, item);
  }
  if (!idList(max).safeParse([...spelled.keys()]).success) throw invalidIds(max);
  return spelled;
}

/** Returns the number of contacts in a batch; 1 if `ids` is invalid. */
export function batchSize(query: Query, max: number): number {
  try {
    return parseIds(query, max).size;
  } catch (error) {
    if (isAppError(error, 'INVALID_IDS')) return 1;
    throw error;
  }
}

function invalidIds(max: number): AppError {
  return new AppError('INVALID_IDS', {
    detail: `ids takes 1 to ${max} contact ids, separated by commas or repeated, each a UUID, ${UUID_SHAPE}.`,
  });
}

/** A type in brackets; the brackets of a list may follow. */
const FIELDS_NAME = /^fields\[([^\]]*)\](?:\[|$)/;

/** @throws AppError `INVALID_FIELDS` if a type is unknown or a list is too long. */
export function parseFieldsets(query: Query): Fieldsets {
  if (query === NO_QUERY) return NO_FIELDSETS;
  const fieldsets = new Map<Part, Set<string>>();
  for (const key of Object.keys(query)) {
    if (!key.startsWith('fields[')) continue;
    const type = FIELDS_NAME.exec(key)?.[1];
    if (type === undefined || !isPart(type)) throw invalidFields();
    if (fieldsets.has(type)) continue;
    const list = fieldList.safeParse(listText(query, `fields[${type}]`));
    if (!list.success) throw invalidFields();
    fieldsets.set(type, new Set(list.data.split(',').map((field) => field.trim())));
  }
  return fieldsets;
}

function invalidFields(): AppError {
  return new AppError('INVALID_FIELDS', {
    detail: `fields[…] takes one of ${PARTS.join(', ')}, and a list of at most ${MAX_LIST_LENGTH} characters.`,
  });
}

import { INCLUDES, PARTS, isInclude, isPart, type Part } from '../contact/parts.ts';
import { parseUuid } from '../contact/uuid.ts';
import { AppError } from '../errors.ts';

/** The parsed query string; a repeated name has a list. */
export type Query = Readonly<Record<string, unknown>>;

/** JSON:API's sparse fieldsets: the names to keep, by part. A part that is not named keeps all. */
export type Fieldsets = ReadonlyMap<Part, ReadonlySet<string>>;

const MAX_LIST_LENGTH = 2000;
const FIELDS_NAME = /^fields\[(.*)\]$/s;

/** @throws AppError `INVALID_CONTACT_ID` */
export function parseContactId(value: unknown): string {
  const id = parseUuid(value);
  if (!id)
    throw new AppError('INVALID_CONTACT_ID', { detail: `The contact id must be a UUID, ${UUID_SHAPE}.` });
  return id;
}

const UUID_SHAPE = 'five groups of 8, 4, 4, 4 and 12 hexadecimal digits with dashes between';

/**
 * The parts that a request asks for, in the model's order: `contact` and whatever `include` names.
 *
 * @throws AppError `INVALID_INCLUDE`
 */
export function parseInclude(query: Query): readonly Part[] {
  const text = listOf(query['include']);
  const names =
    text === '' || text.length > MAX_LIST_LENGTH ? [] : text.split(',').map((name) => name.trim());
  if (text.length > MAX_LIST_LENGTH || !names.every(isInclude)) {
    throw new AppError('INVALID_INCLUDE', {
      detail: `include takes any of ${INCLUDES.join(', ')}, separated by commas.`,
    });
  }
  return PARTS.filter((part) => part === 'contact' || names.includes(part));
}

/**
 * The contacts of a batch, each once, in the order asked, spelled as they were.
 *
 * @throws AppError `INVALID_IDS`
 */
export function parseIds(query: Query, max: number): Map<string, string> {
  const text = listOf(query['ids']);
  const spelled = new Map<string, string>();
  // A first bound by length, so that a huge list is not split to be counted.
  const items = text === '' || text.length > 64 * (max + 1) ? [] : text.split(',').map((item) => item.trim());
  for (const item of items) {
    const id = parseUuid(item);
    if (!id) throw invalidIds(max);
    if (!spelled.has(id)) spelled.set(id, item);
  }
  if (spelled.size === 0 || spelled.size > max) throw invalidIds(max);
  return spelled;
}

function invalidIds(max: number): AppError {
  return new AppError('INVALID_IDS', {
    detail: `ids takes 1 to ${max} contact ids separated by commas, each a UUID, ${UUID_SHAPE}.`,
  });
}

/** @throws AppError `INVALID_FIELDS` */
export function parseFieldsets(query: Query): Fieldsets {
  const fieldsets = new Map<Part, Set<string>>();
  for (const [name, value] of Object.entries(query)) {
    const type = FIELDS_NAME.exec(name)?.[1];
    if (type === undefined) continue;
    const text = listOf(value);
    if (!isPart(type) || text.length > MAX_LIST_LENGTH) {
      throw new AppError('INVALID_FIELDS', {
        detail: `fields[…] takes one of ${PARTS.join(', ')}, and a list of at most ${MAX_LIST_LENGTH} characters.`,
      });
    }
    fieldsets.set(type, new Set(text.split(',').map((field) => field.trim())));
  }
  return fieldsets;
}

/** One list, whether it came comma-separated, repeated or both. */
function listOf(value: unknown): string {
  if (Array.isArray(value)) return value.filter((item) => typeof item === 'string').join(',');
  return typeof value === 'string' ? value : '';
}

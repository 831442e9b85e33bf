import { AppError } from '../../errors.ts';
import { isJsonObject, parseJson, type Json } from '../../lib/json.ts';
import { updateNames } from '../../operations/write-fields.ts';
import { badResponse } from '../../upstream/envelope.ts';
import type { UpstreamInput, UpstreamOperation } from '../../upstream/operation.ts';
import { updateFields } from '../../upstream/operations/update-fields.ts';
import { readFieldReference } from './field-reference.ts';
import { passed, quoted, warned, type Finding } from './finding.ts';

const CHECK = 'write fields';
const MAX_LISTED = 20;

/** Asks for the reference of the fields that can be changed, without credentials. Its form is not documented. */
export const describeFields: UpstreamOperation<UpstreamInput, Json> = {
  name: updateFields.name,
  path: updateFields.path,
  idempotent: true,
  credentials: 'none',
  body: () => ({ help: true }),
  decode: readAnswer,
};

function readAnswer(text: string): Json {
  let answer: Json;
  try {
    answer = parseJson(text);
  } catch (cause) {
    throw badResponse('NOT_JSON', cause);
  }
  if (!isJsonObject(answer)) return answer;
  if (answer['status'] === 'error') throw new AppError('UPSTREAM_REFUSED', { reason: 'REFUSED' });
  return answer['data'] ?? answer;
}

/** Compares the upstream's reference of fields with the names that the proxy sends. Never fails. */
export function evaluateWriteFields(reference: Json): Finding {
  const { writable, readOnly } = updateNames();
  const known = new Set([...writable, ...readOnly]);
  const { listed, mentioned } = readFieldReference(reference, known);
  if (listed.size === 0) return notCompared('the answer does not have a list of fields');
  const unknown = [...listed].filter((name) => !known.has(name));
  const absent = writable.filter((name) => !mentioned.has(name));
  if (unknown.length === 0 && absent.length === 0)
    return passed(CHECK, `the upstream takes the ${writable.length} fields that the proxy knows`);
  const differences = [
    ...(unknown.length > 0 ? [`the proxy does not know ${list(unknown)}`] : []),
    ...(absent.length > 0 ? [`the upstream does not list ${list(absent)}`] : []),
  ];
  return warned(
    CHECK,
    differences.join('; '),
    'unknown fields pass through under their names; correct the names in src/contact/parts/contact.ts and entity.ts (writeName)',
  );
}

export function notCompared(reason: string): Finding {
  return warned(
    CHECK,
    `could not be compared with the upstream's (${reason})`,
    'nothing is wrong with this setup; compare src/contact/parts with the documentation of updateFieldData',
  );
}

function list(names: readonly string[]): string {
  const more = names.length > MAX_LISTED ? [`and ${names.length - MAX_LISTED} more`] : [];
  return [...names.slice(0, MAX_LISTED).map(quoted), ...more].join(', ');
}

import { PARTS } from '../../contact/parts/index.ts';
import type { CacheOutcome } from '../../contact/read-contact.ts';
import { PART_EXAMPLES } from '../../contact/schemas.ts';
import { combineOutcomes } from '../../http/cache-headers.ts';
import { contextOf } from '../../http/request-context.ts';
import { ref } from '../../lib/json-schema.ts';
import { assembleContact, oldestFetch } from '../assemble.ts';
import { defineRead } from '../operation.ts';
import { batchSize, parseFieldsets, parseIds, parseInclude, queryOf } from '../parse-query.ts';
import { queryFor, readOptions, readScopes } from '../read-request.ts';
import { hashOf } from '../representation.ts';
import { readBatch } from './read-batch.ts';

const FAILURE = {
  id: '00000000-0000-4000-8000-000000000000',
  status: 404,
  code: 'CONTACT_NOT_FOUND',
  title: 'Contact not found',
};

/** `GET /contacts?ids=…`: several contacts in one call. */
export const listContacts = defineRead({
  id: 'getContacts',
  method: 'get',
  path: '/contacts',
  cost: (req, { maxBatchSize }) => batchSize(req.query, maxBatchSize),
  parse: (req) => parseInclude(queryOf(req)),
  scopes: readScopes,
  async handle(req, parts, services) {
    const { readContact, batchParallelism, settings, monotonicNow, onUnexpected } = services;
    const fieldsets = parseFieldsets(queryOf(req));
    const ids = parseIds(queryOf(req), settings.maxBatchSize);
    const outcomes: CacheOutcome[] = [];
    const onOutcome = (outcome: CacheOutcome) => void outcomes.push(outcome);
    const readOne = (id: string) =>
      readContact(queryFor(req, id, parts), readOptions(req, settings.scopes, onOutcome));
    const batch = await readBatch([...ids.keys()], batchParallelism, readOne, (error) =>
      onUnexpected(req, error),
    );
    const body = batch.assemble(
      (found) => assembleContact(found, fieldsets),
      (id) => ids.get(id)!,
    );
    const cache = combineOutcomes(outcomes);
    contextOf(req).cache = cache;
    return {
      body,
      contentHash: hashOf(body),
      cache,
      // Clients must not keep a batch that contains an error.
      mustRevalidate: batch.failed,
      fetchedAt: batch.fetchedAt(oldestFetch) ?? monotonicNow(),
    };
  },
  docs: {
    summary: 'Read several contacts',
    description: ({ maxBatchSize }) =>
      `Returns up to ${maxBatchSize} contacts in one call. Each contact succeeds or fails on its own, so check \`errors\`, too. The call counts as one request per contact against the rate limit. A batch larger than the limit is rejected with \`INVALID_IDS\`.`,
    parameters: ['ContactIds', 'Include'],
    parts: PARTS,
    success: {
      description: 'The contacts that were found and the failures, each in the order of `ids`.',
      members: {
        data: { type: 'array', items: ref('schemas', 'ContactParts') },
        errors: { type: 'array', items: ref('schemas', 'ContactFailure') },
      },
      examples: {
        one: {
          summary: 'One found, one not',
          value: { data: [{ contact: PART_EXAMPLES.contact }], errors: [FAILURE] },
        },
      },
    },
    errors: ['PRECONDITION_FAILED'],
    invalid: ({ maxBatchSize }) => [
      () => parseIds({ ids: '42' }, maxBatchSize),
      () => parseInclude({ include: 'photos' }),
      () => parseFieldsets({ 'fields[deal]': 'name' }),
    ],
    batch: true,
  },
});

import type { Json } from '../../lib/json.ts';
import { mapBounded } from '../../lib/map-bounded.ts';
import type { Config } from '../../config/index.ts';
import type { CallBounds, UpstreamCallOptions } from '../../upstream/call-upstream.ts';
import { fetchContact } from '../../upstream/operations/fetch-contact.ts';
import { fetchIdentifiers } from '../../upstream/operations/fetch-identifiers.ts';
import { createSend } from '../../upstream/client.ts';
import { createTransport } from '../../upstream/transport.ts';
import { checkBrand } from './check-brand.ts';
import { describeFields, evaluateWriteFields, notCompared } from './check-write-fields.ts';
import { warned, type Finding } from './finding.ts';
import { evaluateConnection, isUpstreamReply } from './evaluate-connection.ts';
import { evaluatePair, type Pair, type PairResults } from './evaluate-pair.ts';
import { readIdentifiers } from './read-identifiers.ts';
import { reasonOf } from './reason-of.ts';
import { UNUSED_ID } from './unused-id.ts';
import type { HttpWatch } from './watch-http.ts';

const PARALLELISM = 4;
const MAX_PAIRS = 50;
export const MAX_CALL_MS = 10_000;

/** For operations that do not send any. */
const NO_CREDENTIALS = { apiKey: '', developerSecret: '' };

/** Milliseconds of the monotonic clock. */
export const now = () => performance.now();

/**
 * Checks each configured pair of credentials with the upstream, from the configured egress address, the names of
 * the fields that it takes, and the brand.
 */
export async function checkUpstream(
  { upstream, resilience, writes }: Pick<Config, 'upstream' | 'resilience' | 'writes'>,
  watch: HttpWatch,
  signal: AbortSignal,
): Promise<Finding[]> {
  const transport = createTransport(upstream);
  const timeoutMs = Math.min(resilience.timeoutMs, MAX_CALL_MS);
  const options = { ...upstream, transport, now };
  const bounds = () => ({ signal, deadline: now() + timeoutMs });
  const callWith = pairCaller(options, bounds);
  try {
    const [first, ...rest] = pairsOf(upstream.credentials);
    const results = await callWith(first!);
    const connection = evaluateConnection(upstream, watch, mostSpecific(results));
    // A failed connection affects every pair.
    if (connection.status === 'failed') return [connection];
    const [others, fields, brand] = await Promise.all([
      mapBounded(rest.slice(0, MAX_PAIRS - 1), PARALLELISM, async (pair) =>
        evaluatePair(pair, await callWith(pair), upstream, watch),
      ),
      writes.on ? checkWriteFields(options, bounds()) : [],
      writes.on && writes.brandId !== undefined
        ? checkBrandOf(writes.brandId, { pair: first!, results }, options, bounds())
        : [],
    ]);
    const skipped = rest.length + 1 - MAX_PAIRS;
    const more =
      skipped > 0
        ? [warned('credentials', `of ${skipped} more organizations were not checked`, 'check them manually')]
        : [];
    return [
      connection,
      ...evaluatePair(first!, results, upstream, watch),
      ...others.flat(),
      ...more,
      ...fields,
      ...brand,
    ];
  } finally {
    await transport.close();
  }
}

/** Prefers a reply of the upstream: one reply proves that the upstream is reachable. */
function mostSpecific({ contact, identifiers }: PairResults): string {
  return isUpstreamReply(identifiers) ? identifiers : contact;
}

function pairsOf(settings: Config['upstream']['credentials']): Pair[] {
  if (settings.kind === 'one') return [{ org: undefined, credentials: settings.credentials }];
  return [...settings.byOrg].map(([org, credentials]) => ({ org, credentials }));
}

function pairCaller(options: UpstreamCallOptions, bounds: () => CallBounds) {
  const send = createSend(options);
  return async function callUpstreamAs({ org, credentials }: Pair): Promise<PairResults> {
    const callOptions = () => ({ ...bounds(), credentials, priority: 'caller' }) as const;
    const query = {
      org: org ?? UNUSED_ID,
      member: UNUSED_ID,
      contact: UNUSED_ID,
      parts: ['contact'] as const,
    };
    let listed: Json | undefined;
    const [contact, identifiers] = await Promise.all([
      reasonOf(() => send(fetchContact, query, callOptions())),
      reasonOf(async () => (listed = await send(fetchIdentifiers, query, callOptions()))),
    ]);
    return { contact, identifiers, listed };
  };
}

/** Checks the brand with the first organization that is configured, or that the upstream lists. */
async function checkBrandOf(
  brand: number,
  { pair, results }: { readonly pair: Pair; readonly results: PairResults },
  options: UpstreamCallOptions,
  bounds: CallBounds,
): Promise<Finding[]> {
  const org = pair.org ?? readIdentifiers(results.listed ?? null).organizations[0]?.id;
  const callOptions = { ...bounds, credentials: pair.credentials, priority: 'caller' } as const;
  return [await checkBrand(createSend(options), { brand, org }, callOptions)];
}

async function checkWriteFields(options: UpstreamCallOptions, bounds: CallBounds): Promise<Finding[]> {
  const send = createSend(options);
  const callOptions = { ...bounds, credentials: NO_CREDENTIALS, priority: 'caller' } as const;
  let reference: Json = null;
  const reason = await reasonOf(async () => {
    reference = await send(describeFields, { org: UNUSED_ID }, callOptions);
  });
  return [reason === 'ok' ? evaluateWriteFields(reference) : notCompared(reason)];
}

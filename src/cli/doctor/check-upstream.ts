import type { Json } from '../../lib/json.ts';
import type { Config } from '../../config/load-config.ts';
import { AppError } from '../../errors.ts';
import type { CallBounds, UpstreamCallOptions } from '../../upstream/call-upstream.ts';
import { fetchContact } from '../../upstream/operations/fetch-contact.ts';
import { fetchIdentifiers } from '../../upstream/operations/fetch-identifiers.ts';
import { createSend } from '../../upstream/client.ts';
import { createTransport } from '../../upstream/transport.ts';
import { mapBounded, warned, type Finding } from './finding.ts';
import { isAnswer, judgeConnection } from './judge-connection.ts';
import { judgePair, type Pair, type PairAnswers } from './judge-pair.ts';
import type { HttpWatch } from './watch-http.ts';

const PARALLELISM = 4;
const MAX_PAIRS = 50;
const MAX_CALL_MS = 10_000;
/** Well-formed, and in nobody's use: the answer is that there is no such contact. */
const NOBODY = '00000000-0000-4000-8000-000000000000';

/** Milliseconds of the monotonic clock. */
const now = () => performance.now();

/** What the upstream says to each configured pair of credentials, from the configured egress address. */
export async function checkUpstream(
  { upstream, resilience }: Pick<Config, 'upstream' | 'resilience'>,
  watch: HttpWatch,
  signal: AbortSignal,
): Promise<Finding[]> {
  const transport = createTransport(upstream);
  const timeoutMs = Math.min(resilience.timeoutMs, MAX_CALL_MS);
  const ask = asker({ ...upstream, transport, now }, () => ({ signal, deadline: now() + timeoutMs }));
  try {
    const [first, ...rest] = pairsOf(upstream.credentials);
    const answers = await ask(first!);
    const connection = judgeConnection(upstream, watch, mostTelling(answers));
    // Whatever kept this one from being answered keeps the others from it, too.
    if (connection.status === 'failed') return [connection];
    const others = await mapBounded(rest.slice(0, MAX_PAIRS - 1), PARALLELISM, async (pair) =>
      judgePair(pair, await ask(pair), upstream, watch),
    );
    const left = rest.length + 1 - MAX_PAIRS;
    const more =
      left > 0
        ? [warned('credentials', `of ${left} more organizations were not tried`, 'try them by hand')]
        : [];
    return [connection, ...judgePair(first!, answers, upstream, watch), ...others.flat(), ...more];
  } finally {
    await transport.close();
  }
}

/** That either operation answers shows that the upstream can be reached. */
function mostTelling({ contact, identifiers }: PairAnswers): string {
  return isAnswer(identifiers) ? identifiers : contact;
}

function pairsOf(settings: Config['upstream']['credentials']): Pair[] {
  if (settings.kind === 'one') return [{ org: undefined, credentials: settings.credentials }];
  return [...settings.byOrg].map(([org, credentials]) => ({ org, credentials }));
}

function asker(options: UpstreamCallOptions, bounds: () => CallBounds) {
  return async function askUpstream({ org, credentials }: Pair): Promise<PairAnswers> {
    const send = createSend({ ...options, credentialsOf: () => credentials });
    const query = { org: org ?? NOBODY, member: NOBODY, contact: NOBODY, parts: ['contact'] as const };
    const callOptions = () => ({ ...bounds(), priority: 'caller' }) as const;
    let listed: Json | undefined;
    const [contact, identifiers] = await Promise.all([
      reasonOf(() => send(fetchContact, query, callOptions())),
      reasonOf(async () => (listed = await send(fetchIdentifiers, query, callOptions()))),
    ]);
    return { contact, identifiers, listed };
  };
}

async function reasonOf(call: () => Promise<unknown>): Promise<string> {
  try {
    await call();
    return 'ok';
  } catch (error) {
    if (!(error instanceof AppError)) throw error;
    return error.code === 'CONTACT_NOT_FOUND' ? 'ok' : (error.details.reason ?? error.code);
  }
}

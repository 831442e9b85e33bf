import type { Json } from '../lib/json.ts';
import { callUpstream, type CallBounds, type UpstreamCallOptions } from './call-upstream.ts';
import { decodeIdentifiers } from './envelope.ts';

const PATH = '/apis/v2/public/developers/fetchIdentifiers';

/**
 * One call of the upstream's developers/fetchIdentifiers, which takes the developer secret alone and so
 * tells whether that and the egress address are good. It succeeds for a deactivated account, too.
 *
 * @returns what the account may ask for; it holds the account's API key, and its form is not documented.
 * @throws AppError with one of the `UPSTREAM_…` codes; whatever `signal` was aborted with.
 */
export function fetchIdentifiers(options: UpstreamCallOptions) {
  return async function fetchIdentifiersFromUpstream(
    developerSecret: string,
    bounds: CallBounds,
  ): Promise<Json> {
    const body = { developer_secret: developerSecret };
    return decodeIdentifiers(await callUpstream(options, PATH, body, bounds));
  };
}

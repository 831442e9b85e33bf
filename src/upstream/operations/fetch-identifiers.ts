import type { Json } from '../../lib/json.ts';
import { ACCESS_REFUSALS, envelopeDecoder, loose } from '../envelope.ts';
import type { UpstreamInput, UpstreamOperation } from '../operation.ts';

const decode = envelopeDecoder(loose, ACCESS_REFUSALS);

/**
 * Lists the account's identifiers. It takes only the developer secret, so it checks that secret and the egress
 * address. It succeeds for a deactivated account as well. The output contains the account's API key; its structure
 * is not documented.
 */
export const fetchIdentifiers: UpstreamOperation<UpstreamInput, Json> = {
  name: 'fetchIdentifiers',
  path: '/apis/v2/public/developers/fetchIdentifiers',
  idempotent: true,
  credentials: 'secret',
  body: (_input, { developerSecret }) => ({ developer_secret: developerSecret }),
  decode: (text) => decode(text),
};

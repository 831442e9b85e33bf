import { isIPv4 } from 'node:net';
import { failure, type SandboxResponse } from './messages.ts';
import { isMissing, type Body, type SandboxOperation } from './operations/operation.ts';
import type { Account, World } from './world.ts';

/** Checks credentials and required fields, then carries out the operation. */
export function runOperation(
  operation: SandboxOperation,
  body: Body,
  peer: string,
  world: World,
): SandboxResponse {
  const open = operation.answerOpenly?.(body);
  if (open) return open;
  const account = ACCESS[operation.credentials](body, peer, world);
  if ('outcome' in account) return account;
  for (const [field, code, message] of operation.required)
    if (isMissing(body[field])) return failure(code, message);
  return operation.carryOut({ body, account, world });
}

type Check = (body: Body, peer: string, world: World) => Account | SandboxResponse;

const ACCESS: Readonly<Record<SandboxOperation['credentials'], Check>> = {
  'key and secret': (body, peer, { accounts }) => {
    const { api_key: apiKey, developer_secret: secret } = body;
    if (isMissing(apiKey)) return failure('MISSING_API_KEY');
    const account = accounts.find((one) => one.apiKey === apiKey);
    if (!account) return failure('INVALID_API_KEY');
    if (isMissing(secret)) return failure('MISSING_DEVELOPER_SECRET');
    if (account.developerSecret !== secret) return failure('INVALID_DEVELOPER_SECRET');
    if (!isAllowed(account, peer)) return failure('IP_NOT_WHITELISTED');
    return account.active ? account : failure('USER_INACTIVE');
  },
  key: ({ api_key: apiKey }, _peer, { accounts }) => {
    if (isMissing(apiKey)) return failure('MISSING_API_KEY');
    return accounts.find((one) => one.apiKey === apiKey && one.active) ?? failure('INVALID_API_KEY');
  },
  secret: ({ developer_secret: secret }, peer, { accounts }) => {
    if (isMissing(secret)) return failure('MISSING_DEVELOPER_SECRET');
    const account = accounts.find((one) => one.developerSecret === secret);
    if (!account) return failure('INVALID_DEVELOPER_SECRET');
    return isAllowed(account, peer) ? account : failure('IP_NOT_WHITELISTED');
  },
};

function isAllowed(account: Account, peer: string): boolean {
  return account.allowed.check(peer, isIPv4(peer) ? 'ipv4' : 'ipv6');
}

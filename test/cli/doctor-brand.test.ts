import { randomUUID } from 'node:crypto';
import { checkBrand } from '../../src/cli/doctor/check-brand.ts';
import { AppError } from '../../src/errors.ts';
import type { UpstreamCall } from '../../src/upstream/operation.ts';
import { callOptions } from '../upstream/policies/attempts.ts';

const ORG = randomUUID();
const BODY = {
  members: '{"status":"success","data":[{"member_id":"one","member_name":"Ann"}]}',
  refusal: '{"status":"error","data":["No such brand"]}',
  key: '{"status":"error","data":["Invalid API Key"]}',
};

function check(response: string | AppError) {
  const send: UpstreamCall = async (operation, input) => {
    if (response instanceof AppError) throw response;
    return operation.decode(response, input);
  };
  return checkBrand(send, { brand: 101, org: ORG }, callOptions());
}

const noCall = () => Promise.reject(new Error('no call was expected'));

test('passes with the number of members', async () => {
  expect(await check(BODY.members)).toEqual({
    check: 'brand',
    status: 'passed',
    detail: 'is accepted; members listed: 1',
  });
});

test('fails if the upstream refuses the brand, and advises how to list brands', async () => {
  expect(await check(BODY.refusal)).toMatchObject({
    status: 'failed',
    detail: `ZYNTRO_BRAND_ID is refused for organization ${ORG}`,
    advice: expect.stringContaining('--onboard'),
  });
});

test('fails if the call fails', async () => {
  expect(await check(new AppError('UPSTREAM_UNAVAILABLE', { reason: 'HTTP_404' }))).toMatchObject({
    status: 'failed',
    detail: 'the members cannot be listed (HTTP_404)',
    advice: expect.stringContaining('the path does not exist'),
  });
});

test('warns if the API key is refused, because that is a finding of its own', async () => {
  expect(await check(BODY.key)).toMatchObject({
    status: 'warned',
    detail: expect.stringContaining('INVALID_API_KEY'),
  });
});

test('warns if no organization is known', async () => {
  expect(await checkBrand(noCall, { brand: 101, org: undefined }, callOptions())).toMatchObject({
    status: 'warned',
  });
});

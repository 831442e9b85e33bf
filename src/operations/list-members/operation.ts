import { callerOf } from '../../http/request-context.ts';
import { ref } from '../../lib/json-schema.ts';
import { defineRead, scopeNamed } from '../operation.ts';

/** `GET /members`: ids and names of the organization's members, since owners and note makers are UUIDs. */
export const listMembers = defineRead({
  id: 'getMembers',
  method: 'get',
  path: '/members',
  isOn: (settings) =>
    settings.writes && settings.brandId !== undefined && scopeNamed('readMembers', settings) !== undefined,
  parse: () => undefined,
  scopes: (_input, { operations }) => [operations.readMembers!],
  async handle(req, _input, { members }) {
    const { org } = callerOf(req);
    return { status: 200, headers: [], value: { data: await members(org) } };
  },
  docs: {
    summary: 'List the members of the organization',
    description: () => 'Returns ids and names, to show the owner of a contact and the maker of a note.',
    scope: 'readMembers',
    parameters: [],
    parts: [],
    success: {
      status: 200,
      description: 'The members.',
      members: { data: { type: 'array', items: ref('schemas', 'Member') } },
      examples: {
        members: {
          value: { data: [{ id: 'f2470c7f-60b1-4491-b117-8ba0e3e2a53b', name: 'Jane Smith' }] },
        },
      },
    },
    errors: ['UPSTREAM_REFUSED'],
    invalid: () => [],
  },
});

import { examplesOf, resolve } from './document.js';
import { element, folded, formatted, inline, preformatted } from './elements.js';
import { fieldsOf } from './schema.js';

/** Returns the documented responses of an operation: errors are folded into one table. */
export function responsesOf({ responses }) {
  const all = Object.entries(responses).map(([status, response]) => ({ status, ...resolve(response) }));
  const errors = all.filter(({ status }) => status >= '400');
  return [
    element('h4', {}, 'Responses'),
    ...all.filter((response) => !errors.includes(response)).flatMap(expected),
    folded(`Errors: ${errors.map(({ status }) => status).join(', ')}`, () => [errorTable(errors)]),
  ];
}

function expected({ status, description, headers = {}, content = {} }) {
  const [body] = Object.values(content);
  const fields = body?.schema && fieldsOf(body.schema);
  const names = Object.keys(headers);
  return [
    element('p', {}, element('strong', {}, status), ' ', inline(description)),
    fields && folded('Fields', () => [fields]),
    names.length > 0 ? folded('Headers', () => [headerList(headers)]) : undefined,
    ...examplesOf(body ?? {}).map(({ summary, value }) =>
      folded(`Example: ${summary}`, () => [preformatted(summary, formatted(value))]),
    ),
  ].filter(Boolean);
}

function headerList(headers) {
  const items = Object.entries(headers).map(([name, header]) =>
    element('li', {}, element('code', {}, name), ' ', inline(resolve(header).description)),
  );
  return element('ul', { className: 'fields' }, items);
}

const heading = (text) => element('th', { scope: 'col' }, text);

function errorTable(errors) {
  const rows = errors.flatMap(({ status, content = {} }) =>
    Object.values(content)
      .flatMap(examplesOf)
      .map(({ value }) =>
        element(
          'tr',
          {},
          element('td', {}, status),
          element('td', {}, element('code', {}, value.code)),
          element('td', {}, value.detail),
        ),
      ),
  );
  return element(
    'table',
    {},
    element('thead', {}, element('tr', {}, heading('Status'), heading('Code'), heading('Detail'))),
    element('tbody', {}, rows),
  );
}

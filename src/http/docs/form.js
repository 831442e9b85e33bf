import { examplesOf, resolve } from './document.js';
import { element, folded, formatted, inline } from './elements.js';
import { fieldsOf } from './schema.js';

/** Creates the inputs of an operation. `read` returns their values as the parts of a request. */
export function createForm({ operationId, parameters = [], requestBody }) {
  const inputs = parameters.map((parameter) => parameterInput(operationId, resolve(parameter)));
  const headers = inputs.filter(({ place }) => place === 'header');
  const body = requestBody && bodyInput(operationId, requestBody.content);
  const nodes = [
    ...inputs.filter((input) => !headers.includes(input)).flatMap(({ nodes }) => nodes),
    ...(body?.nodes ?? []),
    // Not made when it is opened, because `read` needs the inputs.
    headers.length > 0 &&
      element(
        'details',
        {},
        element('summary', {}, 'Request headers'),
        headers.flatMap(({ nodes }) => nodes),
      ),
  ].filter(Boolean);
  return {
    nodes,
    read: () => ({ parameters: inputs.map(({ read }) => read()), ...body?.read() }),
  };
}

function parameterInput(operationId, parameter) {
  const { name, in: place, description, required = false, schema } = parameter;
  const id = `${operationId}-${name}`;
  const hint = element('p', { id: `${id}-hint`, className: 'hint' }, inline(description));
  const choices = schema.items?.enum;
  if (choices) {
    const boxes = choices.map((value) => element('input', { type: 'checkbox', value }));
    const labels = boxes.map((box) => element('label', {}, box, ` ${box.value}`));
    const group = { 'aria-describedby': hint.id, 'data-name': name };
    return {
      place,
      nodes: [element('fieldset', group, element('legend', {}, name), labels, hint)],
      read: () => ({
        name,
        place,
        value: boxes
          .filter((box) => box.checked)
          .map((box) => box.value)
          .join(),
      }),
    };
  }
  const value = required ? String(examplesOf(parameter)[0]?.value ?? '') : '';
  // An empty value in the path would be another route. Other invalid values can be sent, to see the error.
  const input = element('input', { id, type: 'text', value, required: place === 'path', spellcheck: false });
  input.setAttribute('aria-describedby', hint.id);
  const label = element('label', { htmlFor: id }, name, required ? ' (required)' : '');
  return { place, nodes: [label, input, hint], read: () => ({ name, place, value: input.value.trim() }) };
}

function bodyInput(operationId, content) {
  const id = `${operationId}-body`;
  const types = Object.keys(content);
  const text = formatted(examplesOf(content[types[0]])[0]?.value ?? {});
  const area = element('textarea', { id, rows: text.split('\n').length + 1, spellcheck: false, value: text });
  const fields = fieldsOf(content[types[0]].schema);
  const options = types.map((type) => element('option', {}, type));
  const select = element('select', { id: `${id}-type` }, options);
  return {
    nodes: [
      element('label', { htmlFor: select.id }, 'Content-Type'),
      select,
      element('label', { htmlFor: id }, 'Body'),
      area,
      fields && folded('Fields of the body', () => [fields]),
    ],
    read: () => ({ body: area.value, contentType: select.value }),
  };
}

import { element, folded, paragraphs, preformatted } from './elements.js';
import { createForm } from './form.js';
import { curlOf, requestOf, send } from './request.js';
import { responsesOf } from './responses.js';

/** Creates the folded section of an operation. `readToken` returns the token of the page, if there is one. */
export function operationSection(operation, readToken) {
  const { operationId, method, path, summary } = operation;
  const title = element(
    'h3',
    {},
    element('span', { className: `method ${method}` }, method.toUpperCase()),
    ' ',
    element('code', {}, path),
    ' ',
    element('span', { className: 'summary' }, summary),
  );
  const makeContent = () => [
    ...paragraphs(operation.description),
    requestForm(operation, readToken),
    ...responsesOf(operation),
  ];
  const section = folded(title, makeContent, { id: operationId, className: 'operation' });
  section.addEventListener('toggle', () => {
    if (section.open) history.replaceState(null, '', `#${operationId}`);
  });
  return section;
}

function requestForm(operation, readToken) {
  const { nodes, read } = createForm(operation);
  const execute = element('button', { type: 'submit' }, 'Execute');
  const line = element('p', { role: 'status', className: 'status' });
  const result = element('div', { className: 'result' });
  const form = element('form', { 'aria-label': operation.summary }, nodes, execute, line, result);
  let isSending = false;
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    if (isSending) return;
    isSending = true;
    line.textContent = 'Sending';
    result.replaceChildren();
    const request = requestOf(operation, read(), readToken());
    const { status, shown } = await send(request);
    isSending = false;
    result.replaceChildren(
      ...shown,
      folded('curl', () => [preformatted('curl', curlOf(request))]),
    );
    line.textContent = status;
  });
  return form;
}

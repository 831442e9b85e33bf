import { openApi, operationsOf } from './document.js';
import { element, folded, paragraphs } from './elements.js';
import { operationSection } from './operation.js';

const part = (id) => document.getElementById(id);

/** The token is in this variable alone, so it is gone when the page is closed or loaded again. */
let token = '';

function useToken(value) {
  token = value;
  part('token').value = '';
  part('forget').hidden = token === '';
  part('authorized').textContent =
    token === ''
      ? 'Requests are sent without a token.'
      : 'Requests are sent with your token. The page forgets it when it is loaded again.';
}

function show({ info, tags }) {
  document.title = `${info.title}: ${info.summary}`;
  part('title').textContent = info.title;
  part('version').textContent = `${info.summary}. Version ${info.version}`;
  const [about, howToTry, ...rest] = paragraphs(info.description);
  part('introduction').append(
    about,
    howToTry,
    folded('Responses, identity, errors and caching', () => rest),
  );
  part('authorize').hidden = false;
  for (const { name, description } of tags) {
    const operations = operationsOf(name).map((operation) => operationSection(operation, () => token));
    part('operations').append(element('h2', {}, name), ...paragraphs(description), ...operations);
  }
}

/** Opens the operation that the address names. */
function openNamed() {
  const section = part(location.hash.slice(1));
  if (section?.className !== 'operation') return;
  section.open = true;
  section.scrollIntoView();
}

part('authorize').addEventListener('submit', (event) => {
  event.preventDefault();
  useToken(
    part('token')
      .value.trim()
      .replace(/^Bearer\s+/i, ''),
  );
});
part('forget').addEventListener('click', () => useToken(''));

if (openApi) {
  show(openApi);
  openNamed();
  addEventListener('hashchange', openNamed);
} else {
  part('fault').textContent = 'The description could not be loaded. Load this page again.';
}

/** The OpenAPI document of this server; undefined if it cannot be loaded. */
export const openApi = await load().catch(() => undefined);

async function load() {
  const response = await fetch('/openapi.json');
  return response.ok ? response.json() : undefined;
}

/** Follows the references of a node. */
export function resolve(node) {
  if (node?.$ref === undefined) return node;
  const path = node.$ref.split('/').slice(1);
  return resolve(path.reduce((found, name) => found[name], openApi));
}

/** Returns the operations with this tag, in the order of the document. */
export function operationsOf(tag) {
  return Object.entries(openApi.paths)
    .flatMap(([path, methods]) =>
      Object.entries(methods).map(([method, operation]) => ({ ...operation, path, method })),
    )
    .filter(({ tags }) => tags.includes(tag));
}

/** Returns the examples of a parameter or content, each with its summary. */
export function examplesOf({ example, examples = {} }) {
  if (example !== undefined) return [{ summary: 'an example', value: example }];
  return Object.values(examples);
}

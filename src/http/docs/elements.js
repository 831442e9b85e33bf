/**
 * Creates an element with properties, attributes and children. Strings become text and are never parsed as
 * HTML.
 */
export function element(name, properties = {}, ...children) {
  const created = document.createElement(name);
  for (const [key, value] of Object.entries(properties)) {
    if (key in created) created[key] = value;
    else created.setAttribute(key, value);
  }
  created.append(...children.flat().filter((child) => child !== undefined));
  return created;
}

const INLINE = /`([^`]+)`|\*\*([^*]+)\*\*|\*([^*]+)\*/g;

/** Returns the children of one paragraph: text, code and emphasis of Markdown. */
export function inline(markdown = '') {
  const children = [];
  let end = 0;
  for (const match of markdown.matchAll(INLINE)) {
    const [all, code, strong, emphasized] = match;
    children.push(markdown.slice(end, match.index));
    if (code) children.push(element('code', {}, code));
    else children.push(element(strong ? 'strong' : 'em', {}, strong ?? emphasized));
    end = match.index + all.length;
  }
  return [...children, markdown.slice(end)];
}

/** Returns the paragraphs of a Markdown text. */
export function paragraphs(markdown = '') {
  return markdown
    .split(/\n{2,}/)
    .filter(Boolean)
    .map((text) => element('p', {}, inline(text)));
}

/** Creates a folded section, whose content is made when it is opened for the first time. */
export function folded(title, makeContent, properties = {}) {
  const section = element('details', properties, element('summary', {}, title));
  section.addEventListener('toggle', () => section.append(...makeContent()), { once: true });
  return section;
}

/** Creates a block of preformatted text that the keyboard can scroll. */
export function preformatted(label, text) {
  return element('pre', { tabIndex: 0, role: 'group', 'aria-label': label }, text);
}

export const formatted = (value) => JSON.stringify(value, null, 2);

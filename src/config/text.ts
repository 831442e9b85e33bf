import { z } from 'zod';

/**
 * How white space counts in a value. `word`: it is trimmed. `lines`: the same, and line breaks and tabs may
 * stand inside. `literal`: line ends are trimmed, and a space at either end could belong to the value.
 */
export type TextKind = 'word' | 'lines' | 'literal';

export type Text = { readonly text: string } | { readonly issue: string };

// `URL`, JSON.parse and terminals skip or hide these, so that two values look the same and are not.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFD]|(?! )\p{Zs}/u;
const LINE_BREAKS = /[\t\r\n]+/g;
const QUOTED = /^(?:"[^]*"|'[^]*'|`[^]*`|“[^]*”|‘[^]*’|„[^]*[“”])$/;
/** Text that a shell, Compose, Kubernetes or a template engine would have replaced. */
const PLACEHOLDER =
  /\$\{[A-Za-z_][^{}]*\}|\$\([A-Za-z_]\w*\)|^\$[A-Z][A-Z0-9_]{2,}$|^\{\{[^]*\}\}$|^<[^<>]*>$|^%[A-Za-z_]\w*%$|^(?:undefined|null|nil|\[object \w+\])$/;

/** Reads a value as an operator means it, or says why it can only be a mistake. Neither ever quotes it. */
export function readText(raw: string, kind: TextKind): Text {
  const text = kind === 'literal' ? trimLineEnds(raw) : raw.trim();
  if (text.trim() === '') return { issue: 'is blank: set a value, or remove the variable' };
  if (/^\s|\s$/.test(text)) return { issue: 'begins or ends with white space: remove it' };
  if (UNSEEN.test(kind === 'lines' ? text.replace(LINE_BREAKS, ' ') : text)) {
    return {
      issue:
        'contains a control character, an invisible character or a space that is not ASCII: type it again, in UTF-8',
    };
  }
  if (QUOTED.test(text)) return { issue: 'is in quotes, which count as a part of the value: remove them' };
  if (PLACEHOLDER.test(text)) return { issue: 'is a placeholder that nothing has replaced: set the value' };
  return { text };
}

/** Removes a byte order mark, and the line ends that editors and `echo` add. */
function trimLineEnds(raw: string): string {
  let end = raw.length;
  while (raw[end - 1] === '\n' || raw[end - 1] === '\r') end -= 1;
  return raw.slice(raw.startsWith('\uFEFF') ? 1 : 0, end);
}

/** A string inside JSON, read like the value of a variable. */
export function textIn(kind: TextKind) {
  return z.string().transform((raw, context) => {
    const read = readText(raw, kind);
    if ('text' in read) return read.text;
    context.addIssue({ code: 'custom', message: read.issue });
    return z.NEVER;
  });
}

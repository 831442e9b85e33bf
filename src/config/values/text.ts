import { z } from 'zod';

/**
 * The treatment of white space in a value. `word`: trimmed. `lines`: trimmed, and may contain line breaks and
 * tabs. `literal`: only line ends are trimmed, because a space at either end could belong to the value. `foreign`:
 * trimmed and not checked, because operators set the variable for other programs, too.
 */
export type TextKind = 'word' | 'lines' | 'literal' | 'foreign';

export type Text = { readonly text: string } | { readonly issue: string };

// `URL`, JSON.parse or terminals skip or hide these, so two different values can look the same.
const UNSEEN = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\uFFFD]|(?! )\p{Zs}/u;
const LINE_BREAKS = /[\t\r\n]+/g;
const QUOTED = /^(?:"[^]*"|'[^]*'|`[^]*`|“[^]*”|‘[^]*’|„[^]*[“”])$/;
/** Placeholders of a shell, Compose, Kubernetes or a template engine that were not substituted. */
const PLACEHOLDER =
  /\$\{[A-Za-z_][^{}]*\}|\$\([A-Za-z_]\w*\)|^\$[A-Z][A-Z0-9_]{2,}$|^\{\{[^]*\}\}$|^<[^<>]*>$|^%[A-Za-z_]\w*%$|^(?:undefined|null|nil|\[object \w+\])$/;

/** Trims and checks a value. The issue, if the value cannot be intended, never quotes it. */
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
  if (QUOTED.test(text)) return { issue: 'is in quotes, which are part of the value: remove them' };
  if (PLACEHOLDER.test(text)) return { issue: 'is a placeholder that was not replaced: set the value' };
  return { text };
}

/** Removes a byte order mark and trailing line ends, which editors and `echo` add. */
function trimLineEnds(raw: string): string {
  let end = raw.length;
  while (raw[end - 1] === '\n' || raw[end - 1] === '\r') end -= 1;
  return raw.slice(raw.startsWith('\uFEFF') ? 1 : 0, end);
}

/** Returns a schema for a string inside JSON that is read like the value of a variable. */
export function textIn(kind: TextKind) {
  return z.string().transform((raw, context) => {
    const read = readText(raw, kind);
    if ('text' in read) return read.text;
    context.addIssue({ code: 'custom', message: read.issue });
    return z.NEVER;
  });
}

import type { z } from 'zod';

/** The start of a name that an issue quotes. */
const MAX_QUOTED = 64;

/**
 * Returns the message for an issue that the schema itself does not describe, so that operators never read a
 * message of the library. Passed to every `safeParse`.
 */
export const plainWords: z.core.$ZodErrorMap = (issue) => {
  switch (issue.code) {
    case 'invalid_type':
      return issue.input === undefined
        ? 'is missing'
        : `must be ${TYPES[issue.expected] ?? 'of another type'}`;
    case 'too_small':
      return issue.origin === 'array' ? 'must not be empty' : `must be ${atLeast(issue)} ${issue.minimum}`;
    case 'too_big':
      return `must be at most ${issue.maximum}`;
    case 'unrecognized_keys':
      return 'has an unknown member';
    case 'invalid_key':
      return `is not a valid name: it ${issue.issues[0]?.message ?? 'is not allowed'}`;
    default:
      return 'is not valid';
  }
};

const TYPES: Readonly<Record<string, string>> = {
  string: 'a string',
  number: 'a number',
  int: 'a whole number',
  array: 'a list',
  object: 'an object',
  record: 'an object',
};

function atLeast({ inclusive }: { inclusive?: boolean }): string {
  return inclusive === false ? 'more than' : 'at least';
}

/** Describes each issue of a value in JSON that is not secret, with the path of the member. */
export function describeIssues(error: z.ZodError): string[] {
  return error.issues.flatMap((issue) => {
    if (issue.code !== 'unrecognized_keys') return [[pathOf(issue.path), issue.message].join(' ').trim()];
    return issue.keys.map((key) => `${pathOf([...issue.path, key])} is not a known name`);
  });
}

function pathOf(path: readonly PropertyKey[]): string {
  return path
    .map(String)
    .map((name) => (/^[\w-]{1,64}$/.test(name) ? name : JSON.stringify(name.slice(0, MAX_QUOTED))))
    .join('.');
}

import type { IncomingMessage } from 'node:http';

/**
 * Returns all values of a header field of a request (RFC 9110 section 5.2), in the order received. Node's `headers`
 * keeps only the first value of some fields, and `headersDistinct` parses every field.
 *
 * @param name in lower case.
 */
export function fieldValues({ rawHeaders }: Pick<IncomingMessage, 'rawHeaders'>, name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const given = rawHeaders[at]!;
    if (given.length === name.length && (given === name || given.toLowerCase() === name))
      values.push(rawHeaders[at + 1]!);
  }
  return values;
}

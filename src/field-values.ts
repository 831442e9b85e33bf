import type { IncomingMessage } from 'node:http';

/**
 * Every value that a request has of a header field (RFC 9110 section 5.2), in the order sent. Node's own
 * `headers` keeps the first of some fields, and `headersDistinct` takes all of them apart to give one.
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

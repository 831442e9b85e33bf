import helmet from 'helmet';

/** Helmet's default headers, read from helmet itself once: they are the same on every answer. */
export const SECURITY_HEADERS: ReadonlyMap<string, string> = readHelmet();

function readHelmet(): Map<string, string> {
  const headers = new Map<string, string>();
  const response = {
    setHeader: (name: string, value: string) => headers.set(name, value),
    removeHeader: () => {},
  };
  helmet()({} as never, response as never, () => {});
  return headers;
}

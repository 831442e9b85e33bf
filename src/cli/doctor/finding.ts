export type Status = 'passed' | 'warned' | 'failed';

/** The result of one check, in words for the operator. It never contains a secret. */
export interface Finding {
  readonly check: string;
  readonly status: Status;
  readonly detail: string;
  /** Present if the check did not pass, unless `detail` includes it. */
  readonly advice?: string;
}

export const passed = (check: string, detail: string): Finding => ({ check, status: 'passed', detail });
export const warned = (check: string, detail: string, advice: string): Finding => ({
  check,
  status: 'warned',
  detail,
  advice,
});
export const failed = (check: string, detail: string, advice: string): Finding => ({
  check,
  status: 'failed',
  detail,
  advice,
});

/** Runs a group of checks with a timeout. Never rejects: an error or a timeout is a failed check. */
export async function inTime(
  name: string,
  ms: number,
  make: (signal: AbortSignal) => Promise<Finding[]>,
): Promise<Finding[]> {
  const expired = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(() => {
      resolve([
        failed(
          name,
          `took longer than ${ms / 1000} s`,
          'find the cause of the delay, and run the doctor again',
        ),
      ]);
      expired.abort();
    }, ms);
  });
  try {
    return await Promise.race([make(expired.signal), tooLate]);
  } catch (error) {
    // The error message of a library can quote a secret, so only the name is shown.
    const kind = error instanceof Error ? error.name : typeof error;
    return [
      failed(name, `failed unexpectedly (${kind})`, 'report it together with the version of zyntro-bff'),
    ];
  } finally {
    clearTimeout(timer);
  }
}

const MAX_QUOTED = 60;

/** Quotes untrusted text: truncates it and escapes control and non-ASCII characters. */
export function quoted(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  const escaped = cut.replace(
    /[^\x20-\x7e…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

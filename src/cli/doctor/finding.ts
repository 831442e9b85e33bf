export type Status = 'passed' | 'warned' | 'failed';

/** What one check found, in words for the operator. No text of it ever holds a secret. */
export interface Finding {
  readonly check: string;
  readonly status: Status;
  readonly detail: string;
  /** What to do; there where the check did not pass. */
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

/** Makes checks that belong together, in bounded time. Never rejects: a check that cannot be made has failed. */
export async function inTime(
  name: string,
  ms: number,
  make: (signal: AbortSignal) => Promise<Finding[]>,
): Promise<Finding[]> {
  const expired = new AbortController();
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<Finding[]>((resolve) => {
    timer = setTimeout(() => {
      resolve([failed(name, `took longer than ${ms / 1000} s`, 'look for what hangs, and run it again')]);
      expired.abort();
    }, ms);
  });
  try {
    return await Promise.race([make(expired.signal), tooLate]);
  } catch (error) {
    // A library's message can quote what it was given.
    const kind = error instanceof Error ? error.name : typeof error;
    return [
      failed(name, `could not be made (${kind})`, 'report it together with the version of this program'),
    ];
  } finally {
    clearTimeout(timer);
  }
}

/** The results in order, with so many under way at a time. */
export async function mapBounded<In, Out>(
  items: readonly In[],
  parallelism: number,
  work: (item: In) => Promise<Out>,
): Promise<Out[]> {
  const results: Out[] = [];
  let next = 0;
  async function worker(): Promise<void> {
    for (let index = next++; index < items.length; index = next++) results[index] = await work(items[index]!);
  }
  await Promise.all(Array.from({ length: Math.min(parallelism, items.length) }, worker));
  return results;
}

const MAX_QUOTED = 60;

/** Text of somebody else's making, cut, and without what a terminal would obey. */
export function quoted(text: string): string {
  const cut = text.length > MAX_QUOTED ? `${text.slice(0, MAX_QUOTED)}…` : text;
  const escaped = cut.replace(
    /[^\x20-\x7e…]/g,
    (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`,
  );
  return `"${escaped}"`;
}

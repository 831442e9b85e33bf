/** Runs something once after so many milliseconds, unless the function that it returns is called before. */
export type SetTimer = (ms: number, run: () => void) => () => void;

export const setTimer: SetTimer = (ms, run) => {
  const timer = setTimeout(run, ms);
  return () => clearTimeout(timer);
};

/** Like `setTimer`, but does not keep the process alive. */
export const setBackgroundTimer: SetTimer = (ms, run) => {
  const timer = setTimeout(run, ms).unref();
  return () => clearTimeout(timer);
};

/** Resolves after so many milliseconds, or rejects with the signal's reason as soon as it aborts. */
export type Sleep = (ms: number, signal: AbortSignal) => Promise<void>;

export function sleeper(setTimer: SetTimer): Sleep {
  return function sleep(ms, signal) {
    return new Promise((resolve, reject) => {
      if (signal.aborted) return reject(signal.reason as Error);
      const onAbort = () => {
        cancel();
        reject(signal.reason as Error);
      };
      const cancel = setTimer(ms, () => {
        signal.removeEventListener('abort', onAbort);
        resolve();
      });
      signal.addEventListener('abort', onAbort, { once: true });
    });
  };
}

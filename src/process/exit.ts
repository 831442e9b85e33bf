/** Operations that block a thread of libuv's pool, which `process.exit` joins. */
const BLOCKING = new Set(['GetAddrInfoReqWrap', 'GetNameInfoReqWrap', 'FSReqCallback', 'FSReqPromise']);

/**
 * Exits at once. `process.exit` joins every thread of libuv's pool, so a name server that does not respond would
 * delay the exit by the resolver's timeout, often 10 s or more. If a thread is busy, execve replaces the process
 * with a program that exits with the same code, which ends the threads.
 */
export function exitAtOnce(code: number): never {
  const pending = process.getActiveResourcesInfo().some((name) => BLOCKING.has(name));
  if (pending) {
    try {
      process.execve?.(process.execPath, [process.execPath, '-e', `process.exit(${code})`], {});
    } catch {
      // Not supported here: wait for the threads.
    }
  }
  process.exit(code);
}

/** Operations that block a thread of libuv's pool, which `process.exit` joins. */
const BLOCKING = new Set(['GetAddrInfoReqWrap', 'GetNameInfoReqWrap', 'FSReqCallback', 'FSReqPromise']);

/**
 * Ends the process at once. `process.exit` waits for every thread of libuv's pool, so a name server that does
 * not answer would delay it by the resolver's time limit, often 10 s and more. In that case another program,
 * which exits with the same code, takes the process over (execve), and the threads end.
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

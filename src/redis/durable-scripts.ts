import type { RunScript } from './run-script.ts';

/** A connection to a server. */
interface Node {
  /** Changes when the connection is made again. */
  readonly stream: unknown;
  /** Returns how many replicas have confirmed the writes of this connection (WAIT). */
  wait(count: number, ms: number): Promise<number>;
}

export interface DurableScriptsOptions<N extends Node> {
  /** Returns the connection to the master of a key, if there is one. */
  readonly nodeOf: (key: string) => N | undefined;
  /** Returns how many replicas have to confirm a write. Sends its command at once. */
  readonly neededConfirmations: (node: N, key: string) => Promise<number>;
}

/** Runs a script. Resolves to whether its effect survives a failover. */
export type DurableScript = (...run: Parameters<RunScript>) => Promise<boolean>;

/** How many replicas had confirmed when WAIT returned, and how many were needed at that time. */
interface Confirmations {
  readonly count: number;
  readonly needed: number;
}

/**
 * Returns a function that makes a script durable: it resolves to true if no replica could take over, or if enough
 * replicas confirm the effect within `waitMs` (WAIT).
 */
export function durableScripts<N extends Node>({ nodeOf, neededConfirmations }: DurableScriptsOptions<N>) {
  const inFlight = new Map<N, { readonly needed: number; readonly confirmations: Promise<Confirmations> }>();

  /**
   * Waits for replicas to confirm all writes so far. Replies arrive in order, so a WAIT in flight was sent after
   * every command that has been answered, and can be shared.
   */
  function wait(node: N, key: string, needed: number, waitMs: number): Promise<Confirmations> {
    const shared = inFlight.get(node);
    if (shared?.needed === needed) return shared.confirmations;
    const counted = node.wait(needed, waitMs);
    // The server counts its replicas again right after WAIT, because Sentinels may have promoted one meanwhile.
    const confirmations = Promise.all([counted, neededConfirmations(node, key)]).then(
      ([count, neededNow]) => ({ count, needed: neededNow }),
    );
    const begun = { needed, confirmations };
    inFlight.set(node, begun);
    const remove = () => {
      if (inFlight.get(node) === begun) inFlight.delete(node);
    };
    counted.then(remove, remove);
    return confirmations;
  }

  return (run: RunScript, waitMs: number): DurableScript =>
    async (keys, args) => {
      const key = keys[0]!;
      const node = nodeOf(key);
      if (!node) return run(keys, args).then(() => false);
      const [first, stream] = await Promise.all([
        neededConfirmations(node, key),
        run(keys, args).then(() => node.stream),
      ]);
      let needed = first;
      for (let count = 0; count < needed;) {
        // Another node has run the script if the key was redirected, or the server may be another one by now.
        if (node !== nodeOf(key) || node.stream !== stream) return false;
        const after = await wait(node, key, needed, waitMs);
        if (after.count < needed) return false;
        // WAIT returns as soon as it has counted enough, so it is repeated if more are needed by then.
        ({ count, needed } = after);
      }
      return node === nodeOf(key) && node.stream === stream;
    };
}

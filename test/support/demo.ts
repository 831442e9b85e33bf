import { execFile } from 'node:child_process';
import { startNode, type Child, type StartOptions } from './child.ts';
import { HANG_MS, waitFor } from './wait-for.ts';

const FREE_PORTS = { PORT: '0', ADMIN_PORT: '0', SANDBOX_PORT: '0', SANDBOX_CONTROL_PORT: '0' };
/** The end of the instructions, which the demo prints when both processes are ready. */
export const PRINTED = 'Ctrl-C stops both.';

/** Starts the demo on free ports. */
export const startDemo = (env: Record<string, string> = {}, options: StartOptions = {}): Child =>
  startNode('src/cli/demo.ts', { ...FREE_PORTS, ...env }, undefined, options);

/** Waits for the instructions and returns them. */
export async function printed(demo: Child): Promise<string> {
  let ended = false;
  void demo.exited.then(() => (ended = true));
  return waitFor(
    'the instructions',
    () => {
      if (ended) throw new Error(`the demo ended:\n${demo.stderr()}`);
      return demo.stdout().includes(PRINTED) && demo.stdout();
    },
    2 * HANG_MS,
  );
}

/** Extracts the commands of the instructions, by step, and the line that sets the token. */
export function stepsOf(text: string): { token: string; steps: string[] } {
  const token = /^TOKEN='[^']+'$/m.exec(text)?.[0] ?? '';
  const steps = text.split(/^# \d+\. .*$/m).slice(1);
  return { token, steps: steps.map((step) => step.split('\nBelow is')[0]!.trim()) };
}

/** Runs a printed command in bash. */
export function paste(command: string): Promise<string> {
  return new Promise((resolve, reject) => {
    execFile('bash', ['-c', `set -u\n${command}`], { timeout: HANG_MS }, (error, stdout, stderr) => {
      if (error && stdout === '') reject(new Error(`${command}\n${stderr}`, { cause: error }));
      else resolve(stdout);
    });
  });
}

/** Returns the running child processes of a process, from /proc. */
export async function childrenOf(pid: number): Promise<number[]> {
  const text = await paste(`cat /proc/${pid}/task/*/children; echo`);
  return text.trim().split(/\s+/).filter(Boolean).map(Number);
}

import { rmSync } from 'node:fs';
import { runDirectory } from './run-directory.ts';
import { searchLogs } from './search-logs.ts';

interface RunOptions {
  readonly nonFlagArgs: readonly string[];
  readonly testNamePattern?: string | undefined;
  readonly onlyChanged: boolean;
  readonly onlyFailures: boolean;
}

/**
 * Fails the run if the program's logs contain sensitive values, and a complete run if there is no log.
 * Keeps the logs if it finds a sensitive value, and deletes them otherwise.
 */
export default function searchRunLogs(options: RunOptions): void {
  const directory = runDirectory();
  const { files, lines, findings } = searchLogs(directory);
  if (findings.length > 0) {
    const shown = findings.slice(0, 20).map((finding) => `  ${finding}`);
    throw new Error(
      `${findings.length} sensitive values in the program's logs (${directory}):\n${shown.join('\n')}`,
    );
  }
  const partial = options.nonFlagArgs.length > 0 || Boolean(options.testNamePattern);
  if (lines === 0 && !partial && !options.onlyChanged && !options.onlyFailures) {
    throw new Error(`no log line of the program in ${directory}`);
  }
  if (lines > 0)
    process.stderr.write(`searched ${lines} log lines of ${files} programs: no sensitive value found\n`);
  rmSync(directory, { recursive: true, force: true });
}

// Starts a program with the flags that it needs: node src/start.cjs main.ts. If the system can, this process
// becomes the program, so that no process stands between it and its parent.
'use strict';
const path = require('node:path');
const { spawn } = require('node:child_process');
// A request's garbage dies young if the young generation has room for it.
const flags = require('./node-flags.json');

const [program, ...args] = process.argv.slice(2);
const command = [
  process.execPath,
  '-r',
  path.join(__dirname, 'preload.cjs'),
  ...flags,
  path.join(__dirname, program),
  ...args,
];
if (process.execve && process.platform !== 'win32') {
  try {
    // oxlint-disable-next-line node/no-process-env
    process.execve(command[0], command, process.env);
  } catch {
    // Without /proc, Node does not know its own path.
  }
}
const child = spawn(command[0], command.slice(1), { stdio: 'inherit' });
for (const name of ['SIGTERM', 'SIGINT', 'SIGHUP']) process.on(name, () => child.kill(name));
child.on('exit', (code) => process.exit(code === null ? 1 : code));

// Loaded with `node -r` before any TypeScript, so it has to run on every Node there is: plain CommonJS, old syntax.
'use strict';
var REQUIRED = [24, 12];
var found = process.versions.node.split('.').map(Number);
if (found[0] < REQUIRED[0] || (found[0] === REQUIRED[0] && found[1] < REQUIRED[1])) {
  process.stderr.write(
    'zyntro-bff needs Node ' +
      REQUIRED.join('.') +
      ' or newer, and this is ' +
      process.versions.node +
      ': run "npm ci", which brings one along on most machines, or install Node 26 from https://nodejs.org\n',
  );
  process.exit(1);
}
// Compiled code of the last start is read back; a folder that cannot be written to only makes the start slower.
require('node:module').enableCompileCache(
  require('node:path').join(__dirname, '../node_modules/.cache/compiled'),
);
// The shell in which npm runs a script does not pass signals on: when it ends, so does the program.
var parent = process.ppid;
// oxlint-disable-next-line node/no-process-env
if (process.env.npm_lifecycle_event) {
  setInterval(function () {
    if (process.ppid === parent) return;
    parent = process.ppid;
    process.kill(process.pid, 'SIGTERM');
  }, 200).unref();
}

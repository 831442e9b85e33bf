import { parseArgs } from 'node:util';
import { VERSION } from '../version.ts';

const USAGE = `Usage: node_modules/.bin/node src/main.ts [--help] [--version]

Starts the proxy, as \`npm start\` does, which does not take arguments. The proxy is configured by environment
variables, and every secret can be a file (<NAME>_FILE).
For one organization it needs at least:

  JWT_ISSUER, JWT_AUDIENCE, and one of JWT_SECRET, JWT_PUBLIC_KEY and JWT_JWKS_URI
  ZYNTRO_API_KEY, ZYNTRO_DEVELOPER_SECRET
  EGRESS_LOCAL_ADDRESS or EGRESS_PROXY_URL, for a fixed egress address

docs/configuration.md lists all variables. \`npm run doctor\` checks them and the services that they name.

Signals: SIGTERM and SIGINT finish the requests in flight and exit; SIGHUP reads secret files again.
Exit codes: 0 after a signal, 1 if a port cannot be used, 64 for a wrong argument, 78 if the configuration has issues.
`;

/** sysexits.h: command line usage error. */
const EX_USAGE = 64;

/** Handles the arguments of the program, and exits. The program starts only without arguments. */
export function runCommandLine(args: readonly string[]): never {
  try {
    const options = {
      help: { type: 'boolean', short: 'h' },
      version: { type: 'boolean', short: 'v' },
    } as const;
    const { values } = parseArgs({ args: [...args], options });
    process.stdout.write(values.version ? `${VERSION}\n` : USAGE);
    return process.exit(0);
  } catch (error) {
    process.stderr.write(`${(error as Error).message}\n\n${USAGE}`);
    return process.exit(EX_USAGE);
  }
}

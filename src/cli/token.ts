import { parseArgs } from 'node:util';
import scopes from '../../config/scopes.json' with { type: 'json' };
import { authSlice } from '../config/auth.ts';
import { processEnvironment, readVariables } from '../config/environment.ts';
import { ConfigError, ConfigIssues } from '../config/config-issues.ts';
import { DEMO_JWT_SECRET } from '../config/values/secret-strength.ts';
import { readTextFile } from '../config/values/text-file.ts';
import type { Values } from '../config/variable.ts';
import { parseUuid } from '../lib/uuid.ts';
import { mintToken, type SigningKey } from './mint-token.ts';

const DEFAULT_S = 3600;
const { read, bypassCache, includes, operations } = scopes;
const USAGE = `Usage: npm run --silent token -- --org UUID --member UUID [options]

  --scope "a b"      scopes, separated by spaces (default: ${read})
  --sub TEXT         subject (default: local-user)
  --tier NAME        rate-limit tier
  --expires-in=S     seconds until it expires (default: 3600, or JWT_MAX_LIFETIME_S if that is less); a negative
                     number mints an expired token
  --key FILE         private key in PEM, if the proxy verifies with a public key

Scopes, as config/scopes.json names them:
  to read contacts: ${[read, bypassCache, ...Object.values<string>(includes)].join(' ')}
  to find and change contacts:
  ${Object.values(operations).join(' ')}

Signs with JWT_SECRET (or JWT_SECRET_FILE) from the environment or .env, and adds JWT_ISSUER and
JWT_AUDIENCE if they are set. If no key is set, it signs for \`npm run demo\`. For an issuer of
JWT_ISSUERS, set JWT_ISSUER and JWT_AUDIENCE to its values, and JWT_SECRET or --key to its key.
`;

function fail(message: string): never {
  process.stderr.write(`${message}\n\n${USAGE}`);
  process.exit(64);
}

function parse() {
  try {
    return parseArgs({
      options: {
        org: { type: 'string' },
        member: { type: 'string' },
        scope: { type: 'string', default: read },
        sub: { type: 'string', default: 'local-user' },
        tier: { type: 'string' },
        'expires-in': { type: 'string' },
        key: { type: 'string' },
        help: { type: 'boolean' },
      },
    }).values;
  } catch (error) {
    return fail((error as Error).message);
  }
}

function readKey(path: string): string {
  const file = readTextFile(path);
  return 'text' in file ? file.text : fail(`${path}: ${file.issue}`);
}

type JwtValues = Values<typeof authSlice.variables>;

const ONE_ISSUER =
  'The proxy takes its keys from JWT_ISSUERS: run this with JWT_ISSUER and JWT_AUDIENCE of one issuer, and with ' +
  'its JWT_SECRET or --key FILE.';

function signingKey(keyFile: string | undefined, env: JwtValues): SigningKey {
  const hasListed = env.JWT_ISSUERS !== undefined;
  if (hasListed && env.JWT_ISSUER === undefined) return fail(ONE_ISSUER);
  if (keyFile !== undefined) return { privateKeyPem: readKey(keyFile) };
  const secret = env.JWT_SECRET;
  if (secret !== undefined) return { secret };
  if (env.JWT_PUBLIC_KEY ?? env.JWT_JWKS_URI) {
    return fail('The proxy verifies with a public key: pass the private key with --key FILE.');
  }
  if (hasListed) return fail(ONE_ISSUER);
  process.stderr.write('JWT_SECRET is not set: this token is for `npm run demo`.\n');
  return { secret: DEMO_JWT_SECRET };
}

/** Reads the JWT_ variables in the same way as the proxy. */
function environment(): JwtValues {
  try {
    const issues = new ConfigIssues();
    const values = readVariables(authSlice.variables, processEnvironment(), issues);
    const relevant = issues.found.filter((issue) => issue.startsWith('JWT_'));
    return relevant.length > 0 ? fail(relevant.join('\n')) : values;
  } catch (error) {
    if (!(error instanceof ConfigError)) throw error;
    return fail(error.issues.join('\n'));
  }
}

const options = parse();
if (options.help) {
  process.stdout.write(USAGE);
  process.exit(0);
}
const org = parseUuid(options.org) ?? fail('--org must be the UUID of an organization.');
const member = parseUuid(options.member) ?? fail('--member must be the UUID of a member.');
if (options.sub === '') fail('--sub must not be empty.');
const given = options['expires-in'];
if (given !== undefined && !/^-?[1-9]\d{0,8}$/.test(given))
  fail('--expires-in must be a whole number of seconds other than 0.');

const env = environment();
const longestS = env.JWT_MAX_LIFETIME_S ?? Infinity;
const expiresInS = given === undefined ? Math.min(DEFAULT_S, longestS) : Number(given);
if (expiresInS > longestS) fail(`--expires-in must be at most ${longestS}, because of JWT_MAX_LIFETIME_S.`);
const key = signingKey(options.key, env);
try {
  const token = mintToken(
    {
      org,
      member,
      subject: options.sub,
      scope: options.scope,
      tier: options.tier,
      expiresInS,
      issuer: env.JWT_ISSUER,
      audience: env.JWT_AUDIENCE,
      orgClaim: env.JWT_CLAIM_ORG,
      memberClaim: env.JWT_CLAIM_MEMBER,
      algorithms: env.JWT_ALGORITHMS,
      tierClaim: env.JWT_CLAIM_TIER,
    },
    key,
  );
  process.stdout.write(`${token}\n`);
} catch {
  fail(
    'The key cannot sign: it must be a private key in PEM without a passphrase, RSA of at least 2048 bits or ' +
      'EC on P-256, P-384 or P-521, of a type that JWT_ALGORITHMS accepts, if that is set.',
  );
}

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const HOW = `These tests need Chromium at ${CHROMIUM}: apt-get install -y chromium`;
const INSTALL_TIMEOUT_MS = 300_000;

/**
 * Launches Debian's Chromium, and installs it with apt if it is missing.
 * @throws Error with instructions if it cannot be installed.
 */
export async function launchBrowser(...args: readonly string[]): Promise<Browser> {
  if (!existsSync(CHROMIUM)) installChromium();
  return chromium.launch({ executablePath: CHROMIUM, args: ['--no-sandbox', ...args] });
}

function installChromium(): void {
  const options = { stdio: 'ignore', timeout: INSTALL_TIMEOUT_MS } as const;
  try {
    execFileSync('apt-get', ['update', '-q'], options);
    execFileSync('apt-get', ['install', '-y', '-q', '--no-install-recommends', 'chromium'], options);
  } catch (cause) {
    throw new Error(HOW, { cause });
  }
  if (!existsSync(CHROMIUM)) throw new Error(HOW);
}

/** Collects the page's console messages, exceptions, failed requests and requests to other origins. */
export function collectPageErrors(page: Page, origin: string): string[] {
  const errors: string[] = [];
  page.on('console', (message) => errors.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => errors.push(`exception: ${error.message}`));
  page.on('requestfailed', (request) => errors.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()))
      errors.push(`other origin: ${request.url()}`);
  });
  return errors;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

export interface AxeOptions {
  /** The selector of the part to check; defaults to the document. */
  readonly within?: string;
  /** The only rules to check; defaults to all. */
  readonly only?: readonly string[];
  /** The rules that are not checked. */
  readonly except?: readonly string[];
}

/** Returns the accessibility rules that axe-core reports as violated, sorted. */
export async function violationsOf(page: Page, options: AxeOptions = {}): Promise<string[]> {
  const { within = 'html', only, except = [] } = options;
  const rules = Object.fromEntries(except.map((id) => [id, { enabled: false }]));
  const axeOptions = JSON.stringify({ rules, ...(only && { runOnly: only }) });
  // The debugger evaluates it, so the page's Content-Security-Policy does not apply.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: { id: string }[] }>(
    `axe.run(${JSON.stringify(within)}, ${axeOptions})`,
  );
  return violations.map(({ id }) => id).toSorted();
}

import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { chromium, type Browser, type Page } from 'playwright-core';

const CHROMIUM = '/usr/bin/chromium';
const HOW = `These tests need Chromium at ${CHROMIUM}: apt-get install -y chromium`;
const INSTALL_TIMEOUT_MS = 300_000;

/** Debian's Chromium, installed where it is missing and can be. Fails, and says what to do, otherwise. */
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

/** Whatever the page complained of: console messages, exceptions, requests that failed or went elsewhere. */
export function complaintsOf(page: Page, origin: string): string[] {
  const complaints: string[] = [];
  page.on('console', (message) => complaints.push(`${message.type()}: ${message.text()}`));
  page.on('pageerror', (error) => complaints.push(`exception: ${error.message}`));
  page.on('requestfailed', (request) => complaints.push(`failed: ${request.url()}`));
  page.on('request', (request) => {
    if (!request.url().startsWith(origin) && !/^(data|blob):/.test(request.url()))
      complaints.push(`elsewhere: ${request.url()}`);
  });
  return complaints;
}

const AXE = readFileSync(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

/** The accessibility rules that axe-core sees broken. */
export async function violationsOf(page: Page): Promise<string[]> {
  // Evaluated by the debugger, which the page's Content-Security-Policy does not concern.
  await page.evaluate(AXE);
  const { violations } = await page.evaluate<{ violations: { id: string }[] }>('axe.run()');
  return violations.map(({ id }) => id).toSorted();
}

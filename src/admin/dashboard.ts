import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { isAppError } from '../errors.ts';
import { contextOf } from '../http/request-context.ts';
import { respond, respondJson, type HeaderList } from '../http/respond.ts';
import type { Status } from '../telemetry/status.ts';
import { BEARER_CHALLENGE } from '../http/error-response.ts';
import { markAsPage, type StaticContent } from '../http/static-response.ts';

const OWN = join(import.meta.dirname, 'dashboard');
const UPLOT = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
const CSS = 'text/css; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const MAX_AGE_S = 300;
const SHELL = readFileSync(join(OWN, 'index.html'));

/**
 * Returns the assets of the dashboard, by path. They need no token: they are public source code, and the
 * elements that load them cannot send a bearer token.
 */
export function dashboardFiles(): ReadonlyMap<string, StaticContent> {
  const styles = ['page.css', 'figures.css'];
  const scripts = ['page.js', 'figures.js', 'charts.js', 'tables.js', 'tiles.js', 'session.js'];
  return new Map([
    ['/page/theme.css', load(join(import.meta.dirname, '..', 'http', 'theme.css'), CSS)],
    ...styles.map((name) => [`/page/${name}`, load(join(OWN, name), CSS)] as const),
    ...scripts.map((name) => [`/page/${name}`, load(join(OWN, name), JAVASCRIPT)] as const),
    ['/page/uplot.css', load(join(UPLOT, 'dist', 'uPlot.min.css'), CSS)],
    ['/page/uplot.js', load(join(UPLOT, 'dist', 'uPlot.iife.min.js'), JAVASCRIPT)],
  ]);
}

/** `GET /`: the dashboard's page, without data. The page fetches `/status`. */
export const dashboard: RequestHandler = (_req, res) => sendShell(res, 200);

/**
 * Sends the page with status 401 to a browser that requests `/` without a token. A browser cannot send a bearer
 * token with a typed address, so the page prompts for it. Other clients get the usual problem.
 */
export const dashboardRefusal: ErrorRequestHandler = (error: unknown, req, res, next) => {
  const needsToken = isAppError(error, 'MISSING_TOKEN') && contextOf(req).route === '/';
  if (!needsToken || req.accepts(['json', 'html']) !== 'html') return next(error);
  contextOf(req).errorCode = error.code;
  sendShell(res, 401, ['WWW-Authenticate', BEARER_CHALLENGE]);
};

/** `GET /status`: the dashboard's data as JSON. */
export function sendStatus(readStatus: () => Promise<Status>): RequestHandler {
  return async function sendCurrentStatus(_req, res) {
    respondJson(res, 200, await readStatus());
  };
}

function sendShell(res: Response, status: number, headers: HeaderList = []): void {
  markAsPage(res.req);
  contextOf(res.req).addVary('Accept');
  respond(
    res,
    status,
    ['Cache-Control', 'no-store', 'Content-Type', 'text/html; charset=utf-8', ...headers],
    SHELL,
  );
}

function load(file: string, contentType: string): StaticContent {
  return { body: readFileSync(file), contentType, maxAgeS: MAX_AGE_S };
}

import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { isAppError } from '../errors.ts';
import { scopeOf } from '../scope.ts';
import type { Status } from '../telemetry/status.ts';
import { BEARER_CHALLENGE } from '../http/error-response.ts';
import { markAsPage, type StaticContent } from '../http/static-answer.ts';

const OURS = join(import.meta.dirname, 'dashboard');
const UPLOT = dirname(createRequire(import.meta.url).resolve('uplot/package.json'));
const CSS = 'text/css; charset=utf-8';
const JAVASCRIPT = 'text/javascript; charset=utf-8';
const MAX_AGE_S = 300;
const SHELL = readFileSync(join(OURS, 'index.html'));

/**
 * What the page loads, by path. It is program text that anybody can read elsewhere, and the elements that
 * load it can send no bearer token, so these need none.
 */
export function dashboardFiles(): ReadonlyMap<string, StaticContent> {
  const scripts = ['page.js', 'figures.js', 'charts.js', 'tables.js', 'session.js'];
  return new Map([
    ['/page/page.css', load(join(OURS, 'page.css'), CSS)],
    ...scripts.map((name) => [`/page/${name}`, load(join(OURS, name), JAVASCRIPT)] as const),
    ['/page/uplot.css', load(join(UPLOT, 'dist', 'uPlot.min.css'), CSS)],
    ['/page/uplot.js', load(join(UPLOT, 'dist', 'uPlot.iife.min.js'), JAVASCRIPT)],
  ]);
}

/** `GET /`: the operators' page, without any data: it fetches `/status`. */
export const dashboard: RequestHandler = (_req, res) => sendShell(res, 200);

/**
 * A browser cannot send a bearer token with the address that somebody types. Where it is refused for that,
 * the refusal is the page itself, which then asks for the token. Any other client is told as always.
 */
export const dashboardRefusal: ErrorRequestHandler = (error: unknown, req, res, next) => {
  const asks = isAppError(error, 'MISSING_TOKEN') && scopeOf(req).route === '/';
  if (!asks || req.accepts(['json', 'html']) !== 'html') return next(error);
  scopeOf(req).errorCode = error.code;
  res.setHeader('WWW-Authenticate', BEARER_CHALLENGE);
  sendShell(res, 401);
};

/** `GET /status`: what the page shows, for programs as well. */
export function operatorsStatus(readStatus: () => Promise<Status>): RequestHandler {
  return async function answerStatus(_req, res) {
    const status = await readStatus();
    res.setHeader('Cache-Control', 'no-store').json(status);
  };
}

function sendShell(res: Response, status: number): void {
  markAsPage(res.req);
  res.statusCode = status;
  res.setHeader('Cache-Control', 'no-store').vary('Accept');
  res.setHeader('Content-Type', 'text/html; charset=utf-8');
  res.setHeader('Content-Length', SHELL.length);
  res.end(SHELL);
}

function load(file: string, contentType: string): StaticContent {
  return { body: readFileSync(file), contentType, maxAgeS: MAX_AGE_S };
}

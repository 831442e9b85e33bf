import { createServer, type Server } from 'node:http';
import type { Application } from '../../src/http/application.ts';

/** Wraps an application for supertest in a server that does not listen yet. */
export function serverOf({ handle, ...messages }: Application): Server {
  return createServer(messages, handle);
}

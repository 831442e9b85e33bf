import type { SpanSettings } from '../telemetry/span.ts';

/**
 * Returns the span settings of a command (OpenTelemetry semantic conventions for database clients); never
 * contains a key.
 */
export function spanOf(command: string): SpanSettings {
  const attributes = { 'db.system.name': 'redis', 'db.operation.name': command };
  return { name: command, kind: 'client', attributes };
}

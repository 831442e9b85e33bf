/** Connections reserved for the admin port, so that it responds even when the public port is full. */
export const ADMIN_CONNECTIONS = 32;
/** Descriptors for open files, Redis, key sets, traces, and connections that are about to be closed. */
const OTHER_DESCRIPTORS = 64;
/** Share of the descriptors for uses that scale with the limit, such as the nodes of a Redis Cluster. */
const OTHER_SHARE = 1 / 16;
/** Minimum share of the descriptors for the public port. */
const LEAST_SHARE = 1 / 4;

/** Returns how many client connections the public port may hold, so that enough descriptors remain. */
export function publicConnections(
  wanted: { readonly maxConnections: number; readonly maxUpstreamConnections: number },
  descriptors = descriptorLimit(),
): number {
  const others = OTHER_DESCRIPTORS + descriptors * OTHER_SHARE;
  const room = descriptors - others - ADMIN_CONNECTIONS - wanted.maxUpstreamConnections;
  return Math.min(wanted.maxConnections, Math.floor(Math.max(room, descriptors * LEAST_SHARE)));
}

/** Returns the limit of this process (RLIMIT_NOFILE), which Node raises to the hard limit when it starts. */
function descriptorLimit(): number {
  const report = process.report as typeof process.report & { excludeNetwork: boolean };
  // Otherwise the report looks up the names of all connected addresses.
  report.excludeNetwork = true;
  const { userLimits } = report.getReport() as { userLimits?: { open_files?: { soft: number | string } } };
  const soft = userLimits?.open_files?.soft;
  return typeof soft === 'number' ? soft : Number.MAX_SAFE_INTEGER;
}

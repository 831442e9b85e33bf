/** Connections of the admin port, which are set aside so that it answers whatever happens on the public port. */
export const ADMIN_CONNECTIONS = 32;
/** Open files, Redis, key sets, traces, and connections that are about to be closed. */
const OTHER_DESCRIPTORS = 64;
/** For what grows with the traffic, such as a Redis Cluster's nodes. */
const OTHER_SHARE = 1 / 16;
/** The least that the public port gets, whatever else is configured. */
const LEAST_SHARE = 1 / 4;

/** Returns how many client connections the public port may hold, so that descriptors are left for all else. */
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

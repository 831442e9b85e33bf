import { adminApp, publicApp } from '../../src/app.ts';
import { createServices, type ServiceOptions } from '../../src/services.ts';

/** Builds both applications in this process, with the services behind them. */
export function buildApp(options: ServiceOptions) {
  const services = createServices(options);
  return { ...services, publicApp: publicApp(options, services), adminApp: adminApp(options, services) };
}

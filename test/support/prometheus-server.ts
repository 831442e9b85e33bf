import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { stringify } from 'yaml';
import { installPackage } from './apt-install.ts';
import { exchange, type Json } from './http.ts';
import { waitFor } from './wait-for.ts';

export interface PrometheusServer {
  /** Returns `data` of a response of the HTTP API. @throws Error with its message if the query fails. */
  api(path: string, query?: Readonly<Record<string, string>>): Promise<Json>;
  /** Returns the result of an instant query. */
  query(expression: string): Promise<Json[]>;
  stop(): Promise<void>;
}

/** Starts Debian's Prometheus, which scrapes the targets once a second and evaluates the rules. */
export async function startPrometheus(
  targets: readonly string[],
  ruleFile: string,
): Promise<PrometheusServer> {
  installPackage('prometheus', 'prometheus');
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-prometheus-'));
  const config = {
    global: { scrape_interval: '1s', evaluation_interval: '1s' },
    rule_files: [ruleFile],
    scrape_configs: [
      { job_name: 'zyntro-bff', static_configs: [{ targets: targets.map((url) => new URL(url).host) }] },
    ],
  };
  writeFileSync(path.join(directory, 'prometheus.yml'), stringify(config));
  const args = [
    `--config.file=${path.join(directory, 'prometheus.yml')}`,
    `--storage.tsdb.path=${path.join(directory, 'data')}`,
    '--web.listen-address=127.0.0.1:0',
  ];
  const server = spawn('prometheus', args, { stdio: ['ignore', 'ignore', 'pipe'] });
  const exited = once(server, 'exit');
  let log = '';
  server.stderr.setEncoding('utf8').on('data', (text: string) => (log += text));
  const stop = async (): Promise<void> => {
    server.kill('SIGKILL');
    await exited;
    rmSync(directory, { recursive: true, force: true });
  };
  const origin = await waitFor('Prometheus to listen', () => {
    if (server.exitCode !== null) throw new Error(`Prometheus exited: ${log}`);
    const [, address] = /msg="Listening on" address=(127\.0\.0\.1:\d+)/.exec(log) ?? [];
    return address && log.includes('Server is ready') ? `http://${address}` : undefined;
  }).catch(async (error: unknown) => {
    await stop();
    throw error;
  });

  const api: PrometheusServer['api'] = async (name, query = {}) => {
    const answer = await exchange(`${origin}/api/v1/${name}?${new URLSearchParams(query).toString()}`);
    const { status, data, error } = answer.json();
    if (status !== 'success') throw new Error(`${name} ${JSON.stringify(query)}: ${error}`);
    return data;
  };
  return { api, query: async (expression) => (await api('query', { query: expression })).result, stop };
}

import { spawnSync } from 'node:child_process';
import { randomInt } from 'node:crypto';
import { createSocket, type Socket } from 'node:dgram';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { isIP } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';

export type RecordType = 'A' | 'AAAA';

/** Returns the addresses of the name, none if it does not exist, or undefined to send no response. */
export type Records = (name: string, type: RecordType) => readonly string[] | 'SERVFAIL' | undefined;

export interface NameServer {
  /** Replaces the records. */
  answer(records: Records): void;
  /** Names of all queries so far, oldest first. */
  readonly queries: readonly string[];
  /** Command prefix for a mount namespace with only this name server and an empty hosts file. */
  readonly prefix: readonly string[];
  stop(): void;
}

const HOW =
  'These tests need root and util-linux: they create a mount namespace with unshare and bind port 53.';
const AAAA = 28;
/** Header flags of a response with recursion desired and available. */
const RESPONSE = 0x8180;
const SERVFAIL = 2;
const NXDOMAIN = 3;

/**
 * Starts a name server on port 53 of a random loopback address.
 *
 * @param search a domain that is tried first, as Kubernetes configures it.
 */
export async function startNameServer(records: Records, search?: string): Promise<NameServer> {
  if (spawnSync('unshare', ['-m', 'true']).status !== 0) throw new Error(HOW);
  const { socket, host } = await bind();
  const directory = mkdtempSync(path.join(tmpdir(), 'zyntro-bff-dns-'));
  const searches = search === undefined ? '' : `search ${search}\noptions ndots:5\n`;
  const files = {
    'resolv.conf': `nameserver ${host}\n${searches}`,
    hosts: '',
    'nsswitch.conf': 'hosts: files dns\n',
  };
  for (const [name, text] of Object.entries(files)) writeFileSync(path.join(directory, name), text);
  const mounts = Object.keys(files).map((name) => `mount --bind ${directory}/${name} /etc/${name}`);
  const queries: string[] = [];
  let current = records;
  socket.on('message', (query, from) => {
    const { name, type, end } = question(query);
    queries.push(name);
    const addresses = current(name, type);
    if (addresses) socket.send(response(query.subarray(0, end), type, addresses), from.port, from.address);
  });
  return {
    queries,
    answer: (next) => void (current = next),
    prefix: ['unshare', '-m', 'sh', '-ec', `${mounts.join('; ')}; exec "$0" "$@"`],
    stop: () => {
      socket.close();
      rmSync(directory, { recursive: true, force: true });
    },
  };
}

/** Binds port 53 of a random address, since other tests may run name servers at the same time. */
async function bind(): Promise<{ socket: Socket; host: string }> {
  for (let attempt = 0; ; attempt += 1) {
    const host = `127.${randomInt(1, 255)}.${randomInt(256)}.${randomInt(1, 255)}`;
    const socket = createSocket('udp4');
    try {
      await new Promise<void>((resolve, reject) => {
        socket.once('error', reject).bind(53, host, resolve);
      });
      return { socket, host };
    } catch (cause) {
      socket.close();
      if (attempt === 5) throw new Error(HOW, { cause });
    }
  }
}

/** Parses the question of a query (RFC 1035 section 4.1.2). */
function question(query: Buffer): { name: string; type: RecordType; end: number } {
  const labels: string[] = [];
  let at = 12;
  for (let length = query[at]!; length > 0; length = query[at]!) {
    labels.push(query.toString('latin1', at + 1, at + 1 + length));
    at += 1 + length;
  }
  const type = query.readUInt16BE(at + 1) === AAAA ? 'AAAA' : 'A';
  return { name: labels.join('.').toLowerCase(), type, end: at + 5 };
}

function response(query: Buffer, type: RecordType, found: readonly string[] | 'SERVFAIL'): Buffer {
  const addresses = found === 'SERVFAIL' ? [] : found;
  const wanted = addresses.filter((address) => isIP(address) === (type === 'A' ? 4 : 6));
  const head = Buffer.from(query);
  const code = found === 'SERVFAIL' ? SERVFAIL : found.length === 0 ? NXDOMAIN : 0;
  head.writeUInt16BE(RESPONSE | code, 2);
  head.writeUInt16BE(wanted.length, 6);
  head.writeUInt32BE(0, 8);
  return Buffer.concat([head, ...wanted.map(record)]);
}

/** Encodes a resource record for the name of the question, with class IN and a TTL of 0. */
function record(address: string): Buffer {
  const data = isIP(address) === 4 ? Buffer.from(address.split('.').map(Number)) : ipv6(address);
  const head = Buffer.from([0xc0, 12, 0, data.length === 4 ? 1 : AAAA, 0, 1, 0, 0, 0, 0, 0, data.length]);
  return Buffer.concat([head, data]);
}

function ipv6(address: string): Buffer {
  const [before = [], after = []] = address.split('::').map((half) => half.split(':').filter(Boolean));
  const zeros = Array.from({ length: 8 - before.length - after.length }, () => '0');
  const words = [...before, ...zeros, ...after];
  return Buffer.from(words.map((word) => word.padStart(4, '0')).join(''), 'hex');
}

import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where `npm start` keeps its state. */
export const stateFolder = join(import.meta.dirname, '../../../.paceline');

/**
 * The broker that `npm start` brings along, as the limiter sees it: its ports are chosen and its password made anew on
 * every machine, and all are in the state folder. Undefined when it never ran, or has ended in good order.
 */
export async function localBroker(folder = stateFolder): Promise<string | undefined> {
  try {
    const password = await readFile(join(folder, 'nats-password-limiter'), 'utf8');
    // One server, or those of a cluster that run.
    const folders = (await readdir(folder)).filter((name) => /^nats(-\d)?$/.test(name)).toSorted();
    const hosts = (await Promise.all(folders.map((each) => hostsIn(join(folder, each, 'ports'))))).flat();
    if (hosts.length === 0) return undefined;
    return hosts.map((host) => `nats://limiter:${encodeURIComponent(password)}@${host}`).join(',');
  } catch {
    return undefined;
  }
}

/** Where a server listens, as it has written down; nowhere when it has ended in good order. */
async function hostsIn(portsFolder: string): Promise<string[]> {
  const names = (await readdir(portsFolder)).filter((file) => file.endsWith('.ports'));
  const files = names.map((name) => readFile(join(portsFolder, name), 'utf8'));
  const written = (await Promise.all(files)).map((text) => JSON.parse(text) as { nats: string[] });
  return written.map(({ nats }) => new URL(nats[0] ?? '').host);
}

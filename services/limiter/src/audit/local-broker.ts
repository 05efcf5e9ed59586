import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

/** Where `npm start` keeps its state. */
export const stateFolder = join(import.meta.dirname, '../../../../.paceline');

/**
 * The broker that `npm start` brings along, as the limiter sees it: its port is chosen and its password made anew on
 * every machine, and both are in the state folder. Undefined when it never ran, or has ended in good order.
 */
export async function localBroker(folder = stateFolder): Promise<string | undefined> {
  try {
    const password = await readFile(join(folder, 'nats-password-limiter'), 'utf8');
    const portsFolder = join(folder, 'nats', 'ports');
    const [name = ''] = (await readdir(portsFolder)).filter((file) => file.endsWith('.ports'));
    const { nats } = JSON.parse(await readFile(join(portsFolder, name), 'utf8')) as { nats: string[] };
    const { host } = new URL(nats[0] ?? '');
    return `nats://limiter:${encodeURIComponent(password)}@${host}`;
  } catch {
    return undefined;
  }
}

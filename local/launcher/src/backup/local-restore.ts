import { access, rm } from 'node:fs/promises';
import { freePort, startPostgres } from '@paceline/embedded';
import { startBroker } from '../broker.ts';
import { openState } from '../state.ts';
import type { Manifest } from './manifest.ts';
import { type Restored, restoreBackup } from './restore.ts';

/**
 * Restores into the servers that `npm start` brings along: starts them, fills them and ends them again. The next start
 * goes on from there, also in time.
 * @throws {Error} when there is a state already; what was begun is removed when it fails
 */
export async function restoreHere(
  stateFolder: string,
  folder: string,
  manifest: Manifest,
  report: (line: string) => void,
): Promise<Restored> {
  const state = await openState(stateFolder);
  const parts = ['nats', 'postgres', 'clock'].map((part) => state.path(part));
  for (const part of parts) {
    const isThere = await access(part).then(
      () => true,
      () => false,
    );
    if (isThere) throw new Error(`there is a state already, in ${stateFolder}: npm run reset forgets it`);
  }
  const servers: Array<{ stop(): Promise<void> }> = [];
  const stop = async () => {
    for (const server of servers.splice(0)) await server.stop();
  };
  try {
    const broker = await startBroker(1, state, report, () => freePort());
    servers.push(...broker.servers);
    const database = await startPostgres({ dataDir: state.path('postgres', 'data') });
    servers.push(database);
    const target = { natsUrl: broker.adminUrl, databaseUrl: await database.createDatabase('paceline') };
    const restored = await restoreBackup(target, folder, manifest);
    const { clock } = manifest;
    if (clock !== null) await state.keep('clock', () => clock);
    await stop();
    return restored;
  } catch (error) {
    await stop();
    for (const part of parts) await rm(part, { recursive: true, force: true });
    throw error;
  }
}

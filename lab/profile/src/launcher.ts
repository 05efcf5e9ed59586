import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { processesOf } from '@paceline/kit/processes';
import { withoutSyncs } from '@paceline/kit/load';
import { startTestStack } from '@paceline/kit/stack';
import { printActivity, printHealth } from '@paceline/launcher';
import { realTime } from '@paceline/shared/clock';
import { watched } from './outside.ts';

// A process of its own, as `npm start` is, so that the launcher is measured apart from the instrument. Sends what it
// started to its parent, and stops when that disconnects.

export type StartedSystem = Awaited<ReturnType<typeof start>>;

async function start() {
  const stateFolder = await mkdtemp(join(tmpdir(), 'paceline-profile-'));
  const stack = await startTestStack(realTime, { ...withoutSyncs, ...watched(stateFolder) }, stateFolder);
  const stopHealth = printHealth({ url: stack.apiUrl, token: undefined }, () => undefined);
  const stopPrinting = await printActivity(stack.broker.adminUrl, () => undefined);
  process.once('disconnect', () => {
    stopHealth();
    void stopPrinting().then(stack.stop);
  });
  const { stateFolder: folder, databaseUrl, broker } = stack;
  return {
    stateFolder: folder,
    databaseUrl,
    broker: { adminUrl: broker.adminUrl, monitorUrls: broker.monitorUrls },
    pids: processesOf(stack).map(({ name, pid }) => ({ name, pid: pid() })),
  };
}

process.send?.(await start());

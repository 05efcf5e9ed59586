import { clearDisk, fillDisk } from '../private-mounts.ts';
import { forEach, type Inflict } from './inflict.ts';

/**
 * A disk below a journal that is full: every write fails with ENOSPC. Healed as an operator would: room is made, and the
 * broker, which stores nothing any more once a write has failed, is started again.
 */
export const diskFull: Inflict = async (stage, { targets }) => {
  const disks = targets.map((target) => stage.diskOf(target)).filter((disk) => disk !== undefined);
  await forEach(disks, fillDisk);
  return async () => {
    await forEach(disks, async (disk) => void (await clearDisk(disk)));
    for (const target of targets) {
      await stage.server(target).stop();
      await stage.server(target).start();
    }
  };
};

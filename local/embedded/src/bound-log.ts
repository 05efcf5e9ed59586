import { copyFile, stat, truncate } from 'node:fs/promises';

/** Real ms. */
const lookEvery = 5_000;

/**
 * Keeps the log file of a running program bounded: when it has grown beyond `most` bytes it is copied to `<file>.1`, in
 * the place of the one before, and emptied. The program goes on writing to the same file, which must have been opened for
 * appending. What it writes between the copy and the emptying is lost: a few lines at the most.
 * @returns ends it
 */
export function boundLog(file: string, most: number): () => void {
  let looking = false;
  const look = async () => {
    if (looking) return;
    looking = true;
    // A file that can't be copied is looked at again.
    await putAside(file, most).catch(() => undefined);
    looking = false;
  };
  const timer = setInterval(() => void look(), lookEvery).unref();
  return () => clearInterval(timer);
}

/** Puts the file aside if it is larger than `most` bytes. */
export async function putAside(file: string, most: number): Promise<void> {
  const { size } = await stat(file);
  if (size <= most) return;
  await copyFile(file, `${file}.1`);
  await truncate(file);
}

import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';

const file = z.object({ file: z.string(), sha256: z.string() });

const manifest = z.object({
  /** Of this folder's layout. */
  format: z.literal(1),
  takenAt: z.iso.datetime(),
  /** `PACELINE_CLOCK` of the system; null: real time. */
  clock: z.string().nullable(),
  /** How many migrations its database had seen. */
  migrations: z.number().int().nonnegative(),
  /** In the order in which they were copied. */
  streams: z.array(
    file.extend({ name: z.string(), config: z.record(z.string(), z.unknown()), state: z.unknown() }),
  ),
  /** Referenced tables first. */
  tables: z.array(
    file.extend({ name: z.string(), columns: z.array(z.string()), rows: z.number().int().nonnegative() }),
  ),
});

/** What a backup holds: a folder with this, a file for each stream and one for each table. */
export type Manifest = z.infer<typeof manifest>;

const name = 'manifest.json';

export const writeManifest = (folder: string, content: Manifest): Promise<void> =>
  writeFile(join(folder, name), `${JSON.stringify(content, undefined, 2)}\n`, { mode: 0o600 });

/** Reads a backup's manifest and holds every file against it. @throws {Error} in plain words when it is not whole */
export async function readManifest(folder: string): Promise<Manifest> {
  const text = await readFile(join(folder, name), 'utf8').catch(() => {
    throw new Error(`${folder} is no backup: there is no ${name} in it`);
  });
  const read = manifest.safeParse(parsed(text));
  if (!read.success) throw new Error(`${join(folder, name)} is not one that this version reads`);
  for (const each of [...read.data.streams, ...read.data.tables]) {
    const found = await sha256Of(join(folder, each.file)).catch(() => 'not there');
    if (found !== each.sha256)
      throw new Error(`the backup is damaged: ${each.file} is not as it was written`);
  }
  return read.data;
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of createReadStream(path)) hash.update(chunk as Buffer);
  return hash.digest('hex');
}

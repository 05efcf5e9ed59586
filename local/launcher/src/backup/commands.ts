import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { isThere } from '@paceline/embedded';
import { formatClock } from '@paceline/shared/clock';
import { ConfigError, configExitCode, loadConfig } from '@paceline/shared/config';
import { count } from '@paceline/shared/words';
import { restoreBackup, restoreHere } from './restore.ts';
import { readManifest, type Servers, takeBackup } from './take.ts';

export interface BackupContext {
  readonly env: NodeJS.ProcessEnv;
  readonly stateFolder: string;
  out(line: string): void;
  error(line: string): void;
}

/** `npm run backup -- --to FOLDER`. Returns the exit code: 0 done, 1 failed, 2 called wrongly, 78 wrong configuration. */
export const backup = (args: readonly string[], around: BackupContext): Promise<number> =>
  command(args, 'to', 'npm run backup -- --to FOLDER   (a new folder)', around, async (folder) => {
    if (await isThere(folder)) throw new Error(`${folder} is there already`);
    const servers = await runningServers(around.env, around.stateFolder);
    const { streams, tables } = await takeBackup(servers, folder, new Date().toISOString());
    const rows = tables.reduce((sum, each) => sum + each.rows, 0);
    around.out(
      `${folder}: ${count(streams.length, 'stream')}, ${count(tables.length, 'table')}, ${count(rows, 'row')}`,
    );
  });

/** `npm run restore -- --from FOLDER`, into empty servers. Exit codes as above. */
export const restore = (args: readonly string[], around: BackupContext): Promise<number> =>
  command(args, 'from', 'npm run restore -- --from FOLDER   (of a backup)', around, async (folder) => {
    const config = loadConfig(around.env, [], ['NATS_URL', 'DATABASE_URL']);
    const { NATS_URL: natsUrl, DATABASE_URL: databaseUrl } = config;
    const manifest = await readManifest(folder);
    if ((natsUrl === undefined) !== (databaseUrl === undefined)) {
      throw new Error(
        'set both NATS_URL and DATABASE_URL, or neither to restore what npm start brings along',
      );
    }
    const { commands, runs } =
      natsUrl !== undefined && databaseUrl !== undefined
        ? await restoreBackup({ natsUrl, databaseUrl }, folder, manifest)
        : await restoreHere(around.stateFolder, folder, manifest, around.out);
    around.out(
      `Restored as it was at ${manifest.takenAt}. Of what had not ended, ${count(commands, 'command')} and`,
    );
    around.out(
      `${count(runs, 'run')} are handed on again. Every window counts as spent for its length from the start on.`,
    );
  });

async function command(
  args: readonly string[],
  option: string,
  usage: string,
  around: BackupContext,
  work: (folder: string) => Promise<void>,
): Promise<number> {
  const folder = folderIn(args, option);
  if (folder === undefined) {
    around.error(usage);
    return 2;
  }
  try {
    await work(resolve(folder));
    return 0;
  } catch (error) {
    around.error(error instanceof Error ? error.message : String(error));
    return error instanceof ConfigError ? configExitCode : 1;
  }
}

function folderIn(args: readonly string[], option: string): string | undefined {
  try {
    const { values } = parseArgs({ args: [...args], options: { [option]: { type: 'string' } } });
    return typeof values[option] === 'string' && values[option] !== '' ? values[option] : undefined;
  } catch {
    return undefined;
  }
}

/** The servers that the environment names, else those of `npm start`. @throws {Error} when nothing runs here */
async function runningServers(env: NodeJS.ProcessEnv, stateFolder: string): Promise<Servers> {
  const config = loadConfig(env, [], ['NATS_URL', 'DATABASE_URL', 'PACELINE_CLOCK']);
  try {
    const kept = await readFile(join(stateFolder, 'clock'), 'utf8').catch(() => null);
    return {
      natsUrl: config.NATS_URL ?? (await embeddedBroker(stateFolder)),
      databaseUrl: config.DATABASE_URL ?? (await embeddedDatabase(stateFolder)),
      clock: config.PACELINE_CLOCK ? formatClock(config.PACELINE_CLOCK) : kept,
    };
  } catch (error) {
    throw new Error('nothing runs here: npm start first, or set NATS_URL and DATABASE_URL', { cause: error });
  }
}

async function embeddedBroker(folder: string): Promise<string> {
  const password = await readFile(join(folder, 'nats-password-provision'), 'utf8');
  const ports = join(folder, 'nats', 'ports');
  const [name = ''] = (await readdir(ports)).filter((file) => file.endsWith('.ports'));
  const { nats } = JSON.parse(await readFile(join(ports, name), 'utf8')) as { nats: string[] };
  return `nats://provision:${encodeURIComponent(password)}@${new URL(nats[0] ?? '').host}`;
}

async function embeddedDatabase(folder: string): Promise<string> {
  const dataDir = join(folder, 'postgres', 'data');
  const password = await readFile(`${dataDir}.password`, 'utf8');
  // The fourth line of Postgres' lock is the port at which it listens.
  const port = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/paceline`;
}

import { readdir, readFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';
import { exists } from '@paceline/embedded';
import { formatClock } from '@paceline/shared/clock';
import { ConfigError, configExitCode, loadConfig } from '@paceline/shared/config';
import { count } from '@paceline/shared/words';
import { restoreBackup, restoreLocally } from './restore.ts';
import { readManifest, type Servers, takeBackup } from './take.ts';

export interface BackupContext {
  readonly env: NodeJS.ProcessEnv;
  readonly stateFolder: string;
  out(line: string): void;
  error(line: string): void;
}

/** `npm run backup -- --to FOLDER`. Returns the exit code: 0 done, 1 failed, 2 wrong usage, 78 wrong configuration. */
export const backup = (args: readonly string[], context: BackupContext): Promise<number> =>
  command(args, 'to', 'Usage: npm run backup -- --to FOLDER   (a new folder)', context, async (folder) => {
    if (await exists(folder)) throw new Error(`${folder} already exists: choose a new folder`);
    const servers = await runningServers(context.env, context.stateFolder);
    const { streams, tables } = await takeBackup(servers, folder, new Date().toISOString());
    const rows = tables.reduce((sum, each) => sum + each.rows, 0);
    context.out(
      `Backup written to ${folder}: ${count(streams.length, 'stream')}, ${count(tables.length, 'table')}, ${count(rows, 'row')}`,
    );
  });

/** `npm run restore -- --from FOLDER`, into empty servers. Exit codes as above. */
export const restore = (args: readonly string[], context: BackupContext): Promise<number> =>
  command(args, 'from', 'Usage: npm run restore -- --from FOLDER   (a backup)', context, async (folder) => {
    const config = loadConfig(context.env, [], ['NATS_URL', 'DATABASE_URL']);
    const { NATS_URL: natsUrl, DATABASE_URL: databaseUrl } = config;
    const manifest = await readManifest(folder);
    if ((natsUrl === undefined) !== (databaseUrl === undefined)) {
      throw new Error('set both NATS_URL and DATABASE_URL, or neither to restore the state of npm start');
    }
    const { commands, runs, origin } =
      natsUrl !== undefined && databaseUrl !== undefined
        ? await restoreBackup({ natsUrl, databaseUrl }, folder, manifest)
        : await restoreLocally(context.stateFolder, folder, manifest, context.out);
    context.out(
      `Restored the backup of ${manifest.takenAt}. Unfinished work that will resume: ${count(commands, 'command')}, ${count(runs, 'run')}.`,
    );
    if (origin)
      context.out(
        `It belongs to upstream "${origin.upstream}" and clock "${origin.clock}"; a start with another one is refused.`,
      );
    context.out(
      'Every rate limit counts as used up for one window from the next start, because later calls are unknown.',
    );
  });

async function command(
  args: readonly string[],
  option: string,
  usage: string,
  context: BackupContext,
  work: (folder: string) => Promise<void>,
): Promise<number> {
  if (args.includes('--help') || args.includes('-h')) {
    context.out(usage);
    return 0;
  }
  const folder = folderIn(args, option);
  if (folder === undefined) {
    context.error(usage);
    return 2;
  }
  try {
    await work(resolve(folder));
    return 0;
  } catch (error) {
    context.error(error instanceof Error ? error.message : String(error));
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

/** The servers named in the environment, else those of `npm start`. @throws {Error} when none are running */
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
    throw new Error('Paceline is not running: run npm start first, or set NATS_URL and DATABASE_URL', {
      cause: error,
    });
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
  // Line 4 of Postgres' lock file is its port.
  const port = (await readFile(join(dataDir, 'postmaster.pid'), 'utf8')).split('\n')[3];
  return `postgres://postgres:${encodeURIComponent(password)}@127.0.0.1:${port}/paceline`;
}

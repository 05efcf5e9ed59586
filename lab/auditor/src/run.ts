import { type Machine, thisMachine } from '@paceline/shared/clock';
import { ConfigError, configExitCode, loadConfig } from '@paceline/shared/config';
import { type Arguments, CannotAudit, readArguments } from './arguments.ts';
import { audit } from './core/audit.ts';
import { report } from './core/report.ts';
import { rulesOf } from './core/rules.ts';
import type { StoredEntry } from './core/stored-entry.ts';
import { localBroker } from './local-broker.ts';
import { readJournals } from './read-journal.ts';
import { fetchLog } from './sandbox-log.ts';
import { loadEntries, saveEntries } from './stored-file.ts';

/** Where the command writes, line by line. */
export interface Output {
  /** The certificate. */
  out(text: string): void;
  /** Why there is none. */
  error(text: string): void;
}

/**
 * Judges a live or a stored journal and says what it proves.
 * @returns the exit code: 0 certified, 1 not certified, 78 when it could not be judged
 */
export async function run(
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output,
  machine: Machine = thisMachine,
): Promise<number> {
  try {
    const wanted = readArguments(args);
    const config = loadConfig(env, ['ZWIFTRACING_TIER'], ['NATS_URL']);
    // What has arrived by now was started before: the journal that is read afterwards holds it.
    const log = wanted.sandbox === undefined ? undefined : await fetchLog(wanted.sandbox);
    const entries = await entriesOf(wanted, config.NATS_URL, machine);
    if (wanted.save !== undefined) await saveEntries(wanted.save, entries);
    const complete = wanted.partitions.length > 1;
    const judged = audit({ entries, complete, ...(log && { log }) }, rulesOf(config.ZWIFTRACING_TIER));
    output.out(wanted.json ? JSON.stringify(judged, undefined, 2) : report(judged));
    return judged.certified ? 0 : 1;
  } catch (error) {
    if (!(error instanceof CannotAudit || error instanceof ConfigError)) throw error;
    output.error(error.message);
    return configExitCode;
  }
}

async function entriesOf(
  { file, partitions }: Arguments,
  natsUrl: string | undefined,
  machine: Machine,
): Promise<StoredEntry[]> {
  if (file !== undefined) {
    const stored = await loadEntries(file);
    return stored.filter(({ partition }) => partitions.includes(partition));
  }
  const url = natsUrl ?? (await localBroker());
  if (url === undefined) {
    throw new CannotAudit(
      'No broker is known: run npm start beside it, set NATS_URL, or name a stored journal (--file).',
    );
  }
  return readJournals(url, partitions, machine);
}

import { oneOf, type Output, runCommand, WrongUsage } from '@paceline/kit/arguments';
import { type Machine, thisMachine } from '@paceline/shared/clock';
import { ConfigError, configExitCode, loadConfig } from '@paceline/shared/config';
import { type JournalEntry, upstreamOf } from '@paceline/shared/contracts';
import { allPartitions } from '@paceline/shared/limiter';
import { tierOf } from '@paceline/shared/upstreams/load';
import { CannotAudit, fetchLog, loadEntries, saveEntries } from './adapters/evidence.ts';
import { localBroker, readJournals } from './adapters/journals.ts';
import { audit } from './core/audit.ts';
import type { StoredEntry } from './core/history.ts';
import { report } from './core/report.ts';
import { rulesOf } from './core/rules.ts';

const usage = `npm run audit -- [--partition N] [--file F | --save F] [--sandbox URL]… [--json]

  --partition N   only this journal, 0 to ${allPartitions.length - 1} (default all)
  --file F        audit a saved journal instead of the broker's
  --save F        also save the journal to a file, one entry per line
  --sandbox URL   also compare with the calls that arrived there, e.g. http://127.0.0.1:3010; once for each sandbox
  --json          print the full certificate as JSON

Exit codes: 0 certified, 1 not certified, 2 wrong usage, 78 audit not possible.`;

const options = {
  partition: { type: 'string' },
  file: { type: 'string' },
  save: { type: 'string' },
  sandbox: { type: 'string', multiple: true },
  json: { type: 'boolean', default: false },
} as const;

/** @returns the exit code: 0 certified, 1 not certified, 2 wrong usage, 78 audit not possible */
export const run = (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output,
  machine: Machine = thisMachine,
): Promise<number> =>
  runCommand({ usage, options }, args, output, async ({ partition, file, save, sandbox = [], json }) => {
    const partitions =
      partition === undefined
        ? allPartitions
        : [Number(oneOf('--partition', partition, allPartitions.map(String)))];
    if (file !== undefined && save !== undefined) throw new WrongUsage("--file and --save can't be combined");
    if (!sandbox.every((each) => /^https?:$/.test(URL.parse(each)?.protocol ?? '')))
      throw new WrongUsage('--sandbox must be an http(s) URL');
    try {
      const config = loadConfig(env, ['UPSTREAMS', 'ZWIFTRACING_TIER'], ['NATS_URL', 'PACELINE_CLOCK']);
      const { UPSTREAMS: upstreams } = config;
      // Read first: a call is journalled before it arrives, so the journal read later includes every arrival.
      const logs = await Promise.all(sandbox.map(fetchLog));
      const entries =
        file === undefined
          ? await readJournals(await brokerUrl(config.NATS_URL), partitions, machine)
          : (await loadEntries(file)).filter((each) => partitions.includes(each.partition));
      if (save !== undefined) await saveEntries(save, entries);
      assertKnown(entries, Object.keys(upstreams));
      const complete = partitions.length > 1;
      const scale = config.PACELINE_CLOCK?.scale ?? logs[0]?.scale;
      const judged = audit(
        { entries, complete, logs },
        rulesOf(upstreams, (each) => tierOf(each, env), scale),
      );
      output.out(json ? JSON.stringify(judged, undefined, 2) : report(judged));
      return judged.certified ? 0 : 1;
    } catch (error) {
      if (!(error instanceof CannotAudit || error instanceof ConfigError)) throw error;
      output.error(error.message);
      return configExitCode;
    }
  });

/** @throws {CannotAudit} naming the upstreams of the journal whose files are not loaded */
function assertKnown(entries: readonly StoredEntry[], loaded: readonly string[]): void {
  const accounts = new Set(entries.flatMap(({ entry }) => accountsIn(entry)));
  const unknown = new Set([...accounts].map(upstreamOf)).difference(new Set(loaded));
  if (unknown.size > 0)
    throw new CannotAudit(`The journal has calls to ${[...unknown].join(', ')}: add this to UPSTREAMS.`);
}

const accountsIn = (entry: JournalEntry): string[] =>
  entry.entry === 'snapshot'
    ? entry.budgets.map(({ account }) => account)
    : entry.facts.flatMap((fact) => ('account' in fact ? [fact.account] : []));

async function brokerUrl(configured: string | undefined): Promise<string> {
  const url = configured ?? (await localBroker());
  if (url !== undefined) return url;
  throw new CannotAudit('No broker found: run npm start, set NATS_URL, or pass a saved journal with --file.');
}

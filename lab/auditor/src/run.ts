import { oneOf, type Output, runCommand, WrongUsage } from '@paceline/kit/arguments';
import { type Machine, thisMachine } from '@paceline/shared/clock';
import { ConfigError, configExitCode, loadConfig } from '@paceline/shared/config';
import { allPartitions } from '@paceline/shared/limiter';
import { CannotAudit, fetchLog, loadEntries, saveEntries } from './adapters/evidence.ts';
import { localBroker, readJournals } from './adapters/journals.ts';
import { audit } from './core/audit.ts';
import { rulesOf } from './core/history.ts';
import { report } from './core/report.ts';

const usage = `npm run audit -- [--partition N] [--file F | --save F] [--sandbox URL] [--json]

  --partition N   only this journal, 0 to ${allPartitions.length - 1} (default all)
  --file F        audit a saved journal instead of the broker's
  --save F        also save the journal to a file, one entry per line
  --sandbox URL   also compare with the calls that arrived there, e.g. http://127.0.0.1:3010
  --json          print the full certificate as JSON

Exit codes: 0 certified, 1 not certified, 2 wrong usage, 78 audit not possible.`;

const options = {
  partition: { type: 'string' },
  file: { type: 'string' },
  save: { type: 'string' },
  sandbox: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** @returns the exit code: 0 certified, 1 not certified, 2 wrong usage, 78 audit not possible */
export const run = (
  args: readonly string[],
  env: NodeJS.ProcessEnv,
  output: Output,
  machine: Machine = thisMachine,
): Promise<number> =>
  runCommand({ usage, options }, args, output, async ({ partition, file, save, sandbox, json }) => {
    const partitions =
      partition === undefined
        ? allPartitions
        : [Number(oneOf('--partition', partition, allPartitions.map(String)))];
    if (file !== undefined && save !== undefined) throw new WrongUsage("--file and --save can't be combined");
    if (sandbox !== undefined && !/^https?:$/.test(URL.parse(sandbox)?.protocol ?? ''))
      throw new WrongUsage('--sandbox must be an http(s) URL');
    try {
      const config = loadConfig(env, ['ZWIFTRACING_TIER'], ['NATS_URL']);
      // Read first: a call is journalled before it arrives, so the journal read later includes every arrival.
      const log = sandbox === undefined ? undefined : await fetchLog(sandbox);
      const entries =
        file === undefined
          ? await readJournals(await brokerUrl(config.NATS_URL), partitions, machine)
          : (await loadEntries(file)).filter((each) => partitions.includes(each.partition));
      if (save !== undefined) await saveEntries(save, entries);
      const complete = partitions.length > 1;
      const judged = audit({ entries, complete, ...(log && { log }) }, rulesOf(config.ZWIFTRACING_TIER));
      output.out(json ? JSON.stringify(judged, undefined, 2) : report(judged));
      return judged.certified ? 0 : 1;
    } catch (error) {
      if (!(error instanceof CannotAudit || error instanceof ConfigError)) throw error;
      output.error(error.message);
      return configExitCode;
    }
  });

async function brokerUrl(configured: string | undefined): Promise<string> {
  const url = configured ?? (await localBroker());
  if (url !== undefined) return url;
  throw new CannotAudit('No broker found: run npm start, set NATS_URL, or pass a saved journal with --file.');
}

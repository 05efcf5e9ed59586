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

  --partition N   one of the ${allPartitions.length} journals, 0 to ${allPartitions.length - 1} (default all)
  --file F        judges a stored journal instead of the broker's
  --save F        stores the journal that is judged, one entry a line
  --sandbox URL   also compares it with what arrived there, e.g. http://127.0.0.1:3010
  --json          the whole certificate, for programs

Exit code 0: certified. 1: not certified. 2: called wrongly. 78: it could not be judged.`;

const options = {
  partition: { type: 'string' },
  file: { type: 'string' },
  save: { type: 'string' },
  sandbox: { type: 'string' },
  json: { type: 'boolean', default: false },
} as const;

/** @returns the exit code: 0 certified, 1 not certified, 2 called wrongly, 78 when it could not be judged */
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
    if (file !== undefined && save !== undefined)
      throw new WrongUsage('--file and --save exclude each other');
    if (sandbox !== undefined && !/^https?:$/.test(URL.parse(sandbox)?.protocol ?? ''))
      throw new WrongUsage('--sandbox must be an http(s) URL');
    try {
      const config = loadConfig(env, ['ZWIFTRACING_TIER'], ['NATS_URL']);
      // What has arrived by now was started before: the journal that is read afterwards holds it.
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
  throw new CannotAudit(
    'No broker is known: run npm start beside it, set NATS_URL, or name a stored journal (--file).',
  );
}

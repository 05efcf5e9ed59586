import { writeFile } from 'node:fs/promises';
import { numberOf, runCommand, terminal } from '@paceline/kit/arguments';
import { startTestStack } from '@paceline/kit/stack';
import { sandboxClock } from '@paceline/launcher';
import { createClock } from '@paceline/shared/clock';
import { kindNames } from '@paceline/shared/definition';
import { load } from './load.ts';
import { growing, page, verdictsOf } from './report.ts';
import { openSampler } from './sample.ts';

const usage = `npm run lab -- soak [--hours N] [--scale N] [--out FILE] [--save FILE]

Runs the whole system under load with short retention and checks whether anything keeps growing: memory, handles, threads,
tables, streams, files.

  --hours N   duration in project time (default 432: 18 days)
  --scale N   speed relative to real time (default 900: a day in 96 seconds)
  --out FILE  also write the page to a file
  --save FILE also write all samples to a JSON file

Exit codes: 0 everything is flat, 1 something grows or a process exited, 2 wrong usage.`;

const options = {
  hours: { type: 'string', default: '432' },
  scale: { type: 'string', default: '900' },
  out: { type: 'string' },
  save: { type: 'string' },
} as const;

/** Short, so that retained data levels off within the first third of an 18-day soak. */
const retention = {
  RETENTION_HISTORY: '2d',
  RETENTION_EVENTS: '4d',
  RETENTION_COPIES: '4d',
  RETENTION_RIDER_HISTORY: '2d',
  RETENTION_EVENT_STREAM_SIZE: '2MiB',
  RETENTION_JOURNAL: '4000',
  API_IDEMPOTENCY: '6h',
  LOG_FILE_SIZE: '1MiB',
};

/** Real ms. */
const sampleEvery = 5_000;
const reportEvery = 60_000;

/** @param hours project time */
async function soak(hours: number, scale: number, out?: string, save?: string): Promise<number> {
  const setting = sandboxClock(createClock().now(), scale);
  const clock = createClock(setting);
  const collectGarbage = new URL('collect-garbage.ts', import.meta.url).href;
  const env = {
    ...retention,
    ...Object.fromEntries(kindNames.map((kind) => [`SYNC_${kind.toUpperCase()}`, 'on'])),
    SANDBOX_JITTER_MS: '0-20',
    NODE_OPTIONS: `--import=${collectGarbage}`,
  };
  const stack = await startTestStack(setting, env);
  const stopping = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => stopping.abort());
  const exits: string[] = [];
  for (const { name, exited } of stack.processes.values()) {
    void exited.then(() => {
      if (!stopping.signal.aborted) exits.push(`${name} exited`);
      stopping.abort();
    });
  }
  const startedAt = clock.now();
  const loading = load(stack, stopping.signal);
  const sampler = await openSampler(stack, () => clock.now());
  try {
    let reported = startedAt;
    while (clock.now() - startedAt < hours * 3_600_000 && !stopping.signal.aborted) {
      await sampler.sample();
      if (clock.now() - reported >= reportEvery * scale) {
        reported = clock.now();
        terminal.error(
          `${((reported - startedAt) / 86_400_000).toFixed(1)} days, ${JSON.stringify(loading.done)}`,
        );
      }
      await clock.sleep(clock.toProjectMs(sampleEvery), stopping.signal).catch(() => undefined);
    }
    const elapsedHours = (clock.now() - startedAt) / 3_600_000;
    stopping.abort();
    await loading.ended;
    const series = sampler.series();
    if (save !== undefined) await writeFile(save, JSON.stringify(series));
    const verdicts = verdictsOf(series);
    const command = `npm run lab -- soak --hours ${hours} --scale ${scale}`;
    const minutes = (elapsedHours * 60) / scale;
    const text = page(
      { command, hours: Math.round(elapsedHours), scale, minutes, load: loading.done },
      verdicts,
    );
    process.stdout.write(text);
    if (out !== undefined) await writeFile(out, text);
    const problems = [...exits, ...growing(verdicts)];
    for (const problem of problems) terminal.error(problem);
    return problems.length === 0 ? 0 : 1;
  } finally {
    stopping.abort();
    await sampler.close();
    await stack.stop();
  }
}

process.exitCode = await runCommand(
  { usage, options },
  process.argv.slice(2),
  terminal,
  ({ hours, scale, out, save }) =>
    soak(numberOf('--hours', hours, 0.01, 99_999), numberOf('--scale', scale, 0.01, 99_999), out, save),
);

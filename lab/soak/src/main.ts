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

Runs the whole system under load with short retention, and says whether anything in it still grows: memory, handles, threads,
tables, streams, files.

  --hours N   of project time (default 432: 18 days)
  --scale N   how much faster than real time it lives (default 900: a day in 96 seconds)
  --out FILE  where the page is written too
  --save FILE where all that was measured is written, as JSON

Exit code 0: all is flat. 1: something grows, or has ended. 2: called wrongly.`;

const options = {
  hours: { type: 'string', default: '432' },
  scale: { type: 'string', default: '900' },
  out: { type: 'string' },
  save: { type: 'string' },
} as const;

/** So short that all that is kept for a while levels off within the first third of a soak of eighteen days. */
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

/** @param hours of project time */
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
  const over = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => over.abort());
  const lost: string[] = [];
  for (const { name, exited } of stack.processes.values()) {
    void exited.then(() => {
      if (!over.signal.aborted) lost.push(`${name} has ended meanwhile`);
      over.abort();
    });
  }
  const begin = clock.now();
  const loading = load(stack, over.signal);
  const sampler = await openSampler(stack, () => clock.now());
  try {
    let reported = begin;
    while (clock.now() - begin < hours * 3_600_000 && !over.signal.aborted) {
      await sampler.sample();
      if (clock.now() - reported >= reportEvery * scale) {
        reported = clock.now();
        terminal.error(
          `${((reported - begin) / 86_400_000).toFixed(1)} days, ${JSON.stringify(loading.done)}`,
        );
      }
      await clock.sleep(clock.toProjectMs(sampleEvery), over.signal).catch(() => undefined);
    }
    const lived = (clock.now() - begin) / 3_600_000;
    over.abort();
    await loading.ended;
    const series = sampler.series();
    if (save !== undefined) await writeFile(save, JSON.stringify(series));
    const verdicts = verdictsOf(series);
    const command = `npm run lab -- soak --hours ${hours} --scale ${scale}`;
    const minutes = (lived * 60) / scale;
    const text = page({ command, hours: Math.round(lived), scale, minutes, load: loading.done }, verdicts);
    process.stdout.write(text);
    if (out !== undefined) await writeFile(out, text);
    const wrong = [...lost, ...growing(verdicts)];
    for (const sentence of wrong) terminal.error(sentence);
    return wrong.length === 0 ? 0 : 1;
  } finally {
    over.abort();
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

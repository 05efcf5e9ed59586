import { readFile } from 'node:fs/promises';
import { sandboxClock } from '@paceline/launcher';
import { createClock } from '@paceline/shared/clock';
import { createLimiters } from '@paceline/shared/limiter';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { startTestStack, type TestStack } from './stack.ts';

// `npm run scale`: what more processes and a cluster bring on this machine, and whose CPU is the bound.

/** Real ms for each figure. */
const lasts = Number(process.env.SCALE_SECONDS ?? 4) * 1_000;
const inFlight = 64;
/** Of the kernel's accounting: hundredths of a second. */
const tick = 10;

interface Measured {
  readonly perSecond: number;
  readonly p50: number;
  readonly p99: number;
  readonly refused: number;
  /** Share of one core, by process; the three that took most. */
  readonly cpu: string;
}

console.log('| brokers | of each | what | a second | p50 ms | p99 ms | refused | most CPU |');
console.log('| --- | --- | --- | ---: | ---: | ---: | ---: | --- |');
for (const brokers of [1, 3]) {
  for (const replicas of [1, 2, 3]) {
    const stack = await startTestStack(sandboxClock(Date.now(), 60), {
      PACELINE_BROKERS: String(brokers),
      PACELINE_REPLICAS: `limiter=${replicas},api=${replicas},rider-sync=${replicas}`,
      // What is measured is asked for here.
      SYNC_RIDER: 'off',
      SYNC_NEAR: 'off',
      SYNC_FAR: 'off',
      LOG_LEVEL: 'error',
    });
    try {
      const row = (what: string, { perSecond, p50, p99, refused, cpu }: Measured) =>
        console.log(
          `| ${brokers} | ${replicas} | ${what} | ${perSecond.toFixed(0)} | ${p50.toFixed(1)} | ${p99.toFixed(1)} | ${refused} | ${cpu} |`,
        );
      row('permits', await permits(stack));
      row('commands, to 202', await commands(stack));
    } finally {
      await stack.stop();
    }
  }
}

/** Each permit of an account of its own, so that no window is ever full; it goes back unused. */
async function permits(stack: TestStack): Promise<Measured> {
  const connection = await connect(stack.broker.urlFor('rider-sync'), 'rider-sync');
  const bus = createBus(connection, createLogger('scale', 'fatal' as 'error'));
  const limiters = createLimiters(bus, createClock(stack.clock));
  let account = 0;
  const measured = await measure(stack, async () => {
    account += 1;
    const limiter = limiters.of(`scale-${account}`);
    await limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync' }, async () => undefined);
    return true;
  });
  await limiters.close();
  await connection.close();
  return measured;
}

/** Riders are added by all processes of the API in turn. */
async function commands(stack: TestStack): Promise<Measured> {
  let rider = 4_500_000;
  return measure(stack, async () => {
    rider += 1;
    const url = stack.apiUrls[rider % stack.apiUrls.length];
    const { status, body } = await fetch(`${url}/v1/riders`, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body: JSON.stringify({ riderId: rider }),
    });
    await body?.cancel();
    return status === 202;
  });
}

/** @param once whether it was done; what the API refuses because the broker is slow to answer it counts apart */
async function measure(stack: TestStack, once: () => Promise<boolean>): Promise<Measured> {
  const took: number[] = [];
  let refused = 0;
  const before = await cpuOf(stack);
  const from = performance.now();
  const worker = async () => {
    while (performance.now() - from < lasts) {
      const began = performance.now();
      if (await once()) took.push(performance.now() - began);
      else refused += 1;
    }
  };
  await Promise.all(Array.from({ length: inFlight }, worker));
  const seconds = (performance.now() - from) / 1_000;
  const after = await cpuOf(stack);
  const shares = [...after].map(
    ([name, ms]) => [name, (ms - (before.get(name) ?? 0)) / 10 / seconds] as const,
  );
  const most = shares.toSorted(([, one], [, other]) => other - one).slice(0, 4);
  took.sort((one, other) => one - other);
  return {
    perSecond: took.length / seconds,
    refused,
    p50: took[Math.floor(took.length * 0.5)] ?? 0,
    p99: took[Math.floor(took.length * 0.99)] ?? 0,
    cpu: most.map(([name, share]) => `${name} ${share.toFixed(0)} %`).join(', '),
  };
}

/** CPU time in ms that each process has used, also this one, which asks. */
async function cpuOf(stack: TestStack): Promise<Map<string, number>> {
  const { user, system } = process.cpuUsage();
  const all = new Map([['asker', (user + system) / 1_000]]);
  for (const each of [...stack.processes.values(), ...stack.broker.servers]) {
    const stat = await readFile(`/proc/${each.pid()}/stat`, 'utf8').catch(() => '');
    // Behind the name, which is in brackets: the 12th and 13th field are user and system time.
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    all.set(each.name, (Number(fields[11] ?? 0) + Number(fields[12] ?? 0)) * tick);
  }
  return all;
}

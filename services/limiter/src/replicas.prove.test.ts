import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Fact } from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from './adapters/journal.ts';
import { replicasOn } from './testing/replicas.ts';
import { call, openLimiterHarness, type LimiterHarness } from './testing/harness.ts';

const hour = 3_600_000;
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface LimiterProcess {
  readonly id: string;
  readonly process: ChildProcess;
  /** Its log until now. */
  log(): string;
}

let harness: LimiterHarness;
let replicas: ReturnType<typeof replicasOn>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  harness = await openLimiterHarness(undefined, { runs: true });
  replicas = replicasOn(harness);
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await harness.closeClients();
  await harness.close();
});

/** Starts a limiter as its own process. */
async function spawnLimiter(): Promise<LimiterProcess> {
  const env = { ...process.env, ...harness.env, HEALTH_PORT: '0', LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let logged = '';
  child.stdout.on('data', (chunk) => (logged += String(chunk)));
  return { id: await harness.nextLimiterId(), process: child, log: () => logged };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** Every permit that was started for an account. */
async function committed(account: string): Promise<string[]> {
  const journal = openJournal(await harness.connectAs('limiter'), partitionOf(account));
  const { entries } = await journal.read();
  const facts = entries.flatMap((entry): readonly Fact[] => (entry.entry === 'facts' ? entry.facts : []));
  return facts.flatMap((fact) =>
    fact.fact === 'started' && fact.account === account ? [fact.interval.permit] : [],
  );
}

describe('a limiter', { timeout: 10 * 60_000 }, () => {
  it('that is killed is replaced, and its calls still count', async () => {
    const survivor = await harness.start();
    const victim = await spawnLimiter();
    await replicas.shareEvenly(survivor, victim);
    const limiter = replicas.clientOf(victim.id);
    const calls: number[] = [];
    await call(harness, limiter, 'clubs', calls);

    await kill(victim.process);
    await call(harness, limiter, 'clubs', calls);
    await replicas.shareEvenly(survivor);
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThan(hour);
  });

  it('that is frozen is replaced; when it resumes it commits nothing, and gets its share again', async () => {
    const survivor = await harness.start();
    const frozen = await spawnLimiter();
    await replicas.shareEvenly(survivor, frozen);
    const limiter = replicas.clientOf(frozen.id);
    const partition = partitionOf(limiter.account);
    const calls: number[] = [];

    await limiter.withPermit({ endpoint: 'clubs', lane: 'manual_rider_add' }, async (permit) => {
      permit.use();
      calls.push(harness.clock.now());
      frozen.process.kill('SIGSTOP');
      await harness.until(() => expect(replicas.partitionsOf(survivor.id)).toContain(partition));
      // This reaches both: the new owner now, and the frozen one when it resumes.
      permit.settle({ result: 'answered', status: 200 });
    });
    await replicas.shareEvenly(survivor);
    await call(harness, limiter, 'clubs', calls);

    frozen.process.kill('SIGCONT');
    await harness.until(() => expect(frozen.log()).toContain('has an entry by another owner'));
    await replicas.shareEvenly(survivor, frozen);
    await call(harness, limiter, 'clubs', calls);

    expect(await committed(limiter.account)).toHaveLength(calls.length);
    const gaps = calls.slice(1).map((at, index) => at - (calls[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(hour);
  });
});

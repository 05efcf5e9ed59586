import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Fact } from '@paceline/shared/contracts';
import { partitionOf } from '@paceline/shared/limiter';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openJournal } from './adapters/journal.ts';
import { replicasOn } from './testing/replicas.ts';
import { call, openStage, type Stage } from './testing/stage.ts';

const hour = 3_600_000;
const main = fileURLToPath(new URL('./main.ts', import.meta.url));

interface LimiterProcess {
  readonly id: string;
  readonly process: ChildProcess;
  /** What it has logged so far. */
  log(): string;
}

let stage: Stage;
let replicas: ReturnType<typeof replicasOn>;
const children: ChildProcess[] = [];

beforeEach(async () => {
  stage = await openStage(undefined, { runs: true });
  replicas = replicasOn(stage);
});

afterEach(async () => {
  await Promise.all(children.splice(0).map(kill));
  await stage.closeClients();
  await stage.close();
});

/** A limiter as it is run: a process of its own. */
async function spawnLimiter(): Promise<LimiterProcess> {
  const env = { ...process.env, ...stage.env, HEALTH_PORT: '0', LOG_LEVEL: 'warn' };
  const child = spawn(process.execPath, [main], { env, stdio: ['ignore', 'pipe', 'inherit'] });
  children.push(child);
  let logged = '';
  child.stdout.on('data', (chunk) => (logged += String(chunk)));
  return { id: await stage.newcomer(), process: child, log: () => logged };
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  child.kill('SIGKILL');
  await once(child, 'exit');
}

/** The permits of an account that were ever committed. */
async function committed(account: string): Promise<string[]> {
  const journal = openJournal(await stage.speakAs('limiter'), partitionOf(account));
  const { entries } = await journal.read();
  const facts = entries.flatMap((entry): readonly Fact[] => (entry.entry === 'facts' ? entry.facts : []));
  return facts.flatMap((fact) =>
    fact.fact === 'started' && fact.account === account ? [fact.interval.permit] : [],
  );
}

describe('a limiter', { timeout: 10 * 60_000 }, () => {
  it('that is killed is replaced: its partitions answer again, and nothing is forgotten', async () => {
    const survivor = await stage.start();
    const victim = await spawnLimiter();
    await replicas.sharedOut(survivor, victim);
    const limiter = replicas.clientOf(victim.id);
    const calls: number[] = [];
    await call(stage, limiter, 'clubs', calls);

    await kill(victim.process);
    await call(stage, limiter, 'clubs', calls);
    await replicas.sharedOut(survivor);
    expect((calls[1] ?? 0) - (calls[0] ?? 0)).toBeGreaterThan(hour);
  });

  it('that is frozen is replaced; when it goes on it commits nothing, and has its share again', async () => {
    const survivor = await stage.start();
    const frozen = await spawnLimiter();
    await replicas.sharedOut(survivor, frozen);
    const limiter = replicas.clientOf(frozen.id);
    const partition = partitionOf(limiter.account);
    const calls: number[] = [];

    await limiter.withPermit({ endpoint: 'clubs', lane: 'manual_rider_add' }, async (permit) => {
      permit.use();
      calls.push(stage.clock.now());
      frozen.process.kill('SIGSTOP');
      await stage.until(() => expect(replicas.partitionsOf(survivor.id)).toContain(partition));
      // This reaches both of them: the one that took over, and the other as soon as it goes on.
      permit.settle({ result: 'answered', status: 200 });
    });
    await replicas.sharedOut(survivor);
    await call(stage, limiter, 'clubs', calls);

    frozen.process.kill('SIGCONT');
    await stage.until(() => expect(frozen.log()).toContain('has has an entry by another owner'));
    await replicas.sharedOut(survivor, frozen);
    await call(stage, limiter, 'clubs', calls);

    expect(await committed(limiter.account)).toHaveLength(calls.length);
    const gaps = calls.slice(1).map((at, index) => at - (calls[index] ?? 0));
    expect(Math.min(...gaps)).toBeGreaterThan(hour);
  });
});

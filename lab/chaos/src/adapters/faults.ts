import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import process from 'node:process';
import { setTimeout as sleep } from 'node:timers/promises';
import type { FaultKind as UpstreamFault } from '@paceline/sandbox';
import type { Fault, FaultKind } from '../core/fault.ts';
import type { Condition } from './links.ts';
import { clearDisk, fillDisk } from './private-mounts.ts';
import type { Stage } from './stage.ts';

type Heal = () => Promise<void>;

/** Breaks something at once. Returns how to heal it, which resolves when it is healed as far as an operator would. */
type Inflict = (stage: Stage, fault: Fault) => Promise<Heal>;

const healsByItself: Heal = () => Promise.resolve();

const forEach = async (targets: readonly string[], act: (target: string) => Promise<void>) => {
  await Promise.all(targets.map(act));
};

const pidsOf = (stage: Stage, targets: readonly string[]): number[] =>
  targets.map((target) => stage.process(target).pid()).filter((pid) => pid !== undefined);

function signal(pids: readonly number[], name: 'SIGKILL' | 'SIGSTOP' | 'SIGCONT' | 'SIGTERM'): void {
  for (const pid of pids) process.kill(pid, name);
}

/** SIGKILL. The launcher starts each again, as it would for anybody. */
const kill: Inflict = async (stage, { targets }) => {
  signal(pidsOf(stage, targets), 'SIGKILL');
  return healsByItself;
};

/** SIGSTOP, then SIGCONT: a process, or its host, that sleeps and does not know that it did. */
const freeze: Inflict = async (stage, { targets }) => {
  const pids = pidsOf(stage, targets);
  signal(pids, 'SIGSTOP');
  return async () => signal(pids, 'SIGCONT');
};

/** Real ms that a rollout waits for a process to be ready again. */
const rolloutPatienceMs = 6_000;

/** SIGTERM to one after the other; the next one only when the last one is ready again. */
const rollingRestart: Inflict = async (stage, { targets }) => {
  for (const target of targets) {
    const member = stage.process(target);
    const old = member.pid();
    if (old !== undefined) signal([old], 'SIGTERM');
    const giveUp = performance.now() + rolloutPatienceMs;
    while (performance.now() < giveUp) {
      await sleep(100);
      if (member.pid() === old) continue;
      const ready = fetch(member.readyUrl, { signal: AbortSignal.timeout(1_000) });
      if ((await ready.catch(() => undefined))?.ok) break;
    }
  }
  return healsByItself;
};

/** `kill -9` of brokers or the database; they are started again when it is over, with what they had stored. */
const serversAway: Inflict = async (stage, { targets }) => {
  await forEach(targets, (target) => stage.server(target).crash());
  return () => forEach(targets, (target) => stage.server(target).start());
};

/** A full disk below a journal: writes fail with ENOSPC. Healing makes room and restarts the broker, which has given up. */
const diskFull: Inflict = async (stage, { targets }) => {
  const disks = targets.map((target) => stage.diskOf(target)).filter((disk) => disk !== undefined);
  await forEach(disks, fillDisk);
  return async () => {
    await forEach(disks, async (disk) => void (await clearDisk(disk)));
    for (const target of targets) {
      await stage.server(target).stop();
      await stage.server(target).start();
    }
  };
};

/** Links that are slow, stalled, half-open or cut, until they are clear again. */
const badNetwork =
  (condition: (amount: number) => Condition): Inflict =>
  async (stage, { targets, amount }) => {
    for (const link of targets) stage.links.become(link, condition(amount));
    return async () => {
      for (const link of targets) stage.links.become(link, { is: 'clear' });
    };
  };

/** The next calls go wrong, each in the next of these ways; what has not gone wrong by the end is called off. */
const storm =
  (...kinds: readonly UpstreamFault[]): Inflict =>
  async ({ upstream }, { amount }) => {
    const each = Math.ceil(amount / kinds.length);
    for (const kind of kinds) await upstream.inflict({ kind, times: each });
    return () => upstream.callOff();
  };

/** Upstream dies and comes back with empty counters. */
const upstreamRestart: Inflict = async (stage, { targets }) => {
  const [name = ''] = targets;
  await stage.process(name).crash();
  return async () => {
    await stage.process(name).start();
    await stage.upstream.callOff();
  };
};

/** Upstream enforces another limit; when it is over it has the documented one again, and an operator says so. */
const policyChange: Inflict = async ({ upstream, api }, { budget, policy }) => {
  if (!budget || !policy) throw new Error('a change of a policy names it');
  await upstream.setPolicy(budget, policy);
  return async () => {
    await upstream.setPolicy(budget, null);
    await api.send('DELETE', `/v1/budgets/${budget}/policy`);
  };
};

/** Somebody else uses our key. */
const foreignCaller: Inflict = async ({ upstream }, { amount }) => {
  for (let call = 0; call < amount; call += 1) await upstream.callAsStranger().catch(() => undefined);
  return healsByItself;
};

/** The wall clock of a process is set, by project minutes, and set right again. Its timers go on as they would. */
const clockJump: Inflict = async (stage, { targets, amount }) => {
  const files = pidsOf(stage, targets).map((pid) => join(stage.clocks, String(pid)));
  await forEach(files, (file) => writeFile(file, String(stage.clock.toMachine(amount * 60_000))));
  return () => forEach(files, (file) => rm(file, { force: true }));
};

/** The latest messages are published again at once: one half with their id, which the broker knows, one half without. */
const doubled: Inflict = async ({ recorder }, { amount }) => {
  const messages = recorder.latest(amount);
  await Promise.all(messages.map((message, index) => recorder.repeat(message, index % 2 === 0)));
  return healsByItself;
};

/** The latest messages are published again when they are long over, and in the wrong order. */
const reordered: Inflict = async ({ recorder }, { amount }) => {
  const messages = recorder.latest(amount).toReversed();
  return async () => {
    for (const message of messages) await recorder.repeat(message, false);
  };
};

/** How each kind is done. */
export const inflictions: Record<FaultKind, Inflict> = {
  kill,
  'kill-several': kill,
  freeze,
  'rolling-restart': rollingRestart,
  'broker-restart': serversAway,
  'broker-node-away': serversAway,
  'broker-quorum-lost': serversAway,
  'journal-disk-full': diskFull,
  'database-restart': serversAway,
  'database-away': serversAway,
  'network-slow': badNetwork((ms) => ({ is: 'slow', ms })),
  'network-stalled': badNetwork(() => ({ is: 'stalled' })),
  'network-half-open': badNetwork(() => ({ is: 'half-open' })),
  'network-cut': badNetwork(() => ({ is: 'cut' })),
  'upstream-errors': storm('server-error'),
  'upstream-hangs': storm('hang'),
  'upstream-resets': storm('reset'),
  'upstream-garbage': storm('html', 'truncated', 'null-body', 'wrong-types'),
  'upstream-restart': upstreamRestart,
  'policy-stricter': policyChange,
  'policy-looser': policyChange,
  'foreign-caller': foreignCaller,
  'clock-jump': clockJump,
  'messages-doubled': doubled,
  'messages-reordered': reordered,
};

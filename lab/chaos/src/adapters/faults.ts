import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import type { UpstreamFaultKind as UpstreamFault } from '@paceline/sandbox';
import type { FaultKind } from '../core/fault.ts';
import { forEach, healsByItself, type Inflict, pidsOf, signal } from './inflict.ts';
import type { Condition } from './links.ts';
import { emptyStore, flipBit, loseUnsynced, truncateJournal } from './lost-data.ts';
import { clearDisk, fillDisk } from './private-mounts.ts';

/** SIGKILL; the launcher restarts the processes. */
const kill: Inflict = async (stage, { targets }) => {
  signal(pidsOf(stage, targets), 'SIGKILL');
  return healsByItself;
};

/** SIGSTOP, then SIGCONT, like a process or host that was suspended. */
const freeze: Inflict = async (stage, { targets }) => {
  const pids = pidsOf(stage, targets);
  signal(pids, 'SIGSTOP');
  return async () => signal(pids, 'SIGCONT');
};

/** Real ms; how long a rollout waits for a process to be ready again. */
const rolloutTimeoutMs = 6_000;

/** SIGTERM to one process after the other, each when the last one is ready again. */
const rollingRestart: Inflict = async (stage, { targets }) => {
  for (const target of targets) {
    const member = stage.process(target);
    const old = member.pid();
    if (old !== undefined) signal([old], 'SIGTERM');
    const giveUp = performance.now() + rolloutTimeoutMs;
    while (performance.now() < giveUp) {
      await sleep(100);
      if (member.pid() === old) continue;
      const ready = fetch(member.readyUrl, { signal: AbortSignal.timeout(1_000) });
      if ((await ready.catch(() => undefined))?.ok) break;
    }
  }
  return healsByItself;
};

/** `kill -9` of brokers or the database; healing starts them again with their data. */
const stopServers: Inflict = async (stage, { targets }) => {
  await forEach(targets, (target) => stage.part(target).crash());
  return () => forEach(targets, (target) => stage.part(target).start());
};

/** A full disk under a journal: writes fail with ENOSPC. Healing frees space and restarts the broker, which has stopped. */
const diskFull: Inflict = async (stage, { targets }) => {
  const disks = targets.map((target) => stage.diskOf(target)).filter((disk) => disk !== undefined);
  await forEach(disks, fillDisk);
  return async () => {
    await forEach(disks, async (disk) => void (await clearDisk(disk)));
    for (const target of targets) {
      await stage.part(target).stop();
      await stage.part(target).start();
    }
  };
};

/** Slow, stalled, half-open or cut links. */
const badNetwork =
  (condition: (amount: number) => Condition): Inflict =>
  async (stage, { targets, amount }) => {
    for (const link of targets) stage.links.set(link, condition(amount));
    return async () => {
      for (const link of targets) stage.links.set(link, { state: 'clear' });
    };
  };

/** The next calls fail, with these kinds of fault in turn; healing cancels those that have not happened. */
const storm =
  (...kinds: readonly UpstreamFault[]): Inflict =>
  async ({ upstream }, { amount }) => {
    const each = Math.ceil(amount / kinds.length);
    for (const kind of kinds) await upstream.inflict({ kind, times: each });
    return () => upstream.cancelFaults();
  };

/** Upstream is killed and restarts with empty counters. */
const upstreamRestart: Inflict = async (stage, { targets }) => {
  const [name = ''] = targets;
  await stage.part(name).crash();
  return async () => {
    await stage.part(name).start();
    await stage.upstream.cancelFaults();
  };
};

/** Upstream enforces another limit; healing restores the documented one, and an operator resets the learned one. */
const policyChange: Inflict = async ({ upstream, api }, { budget, policy }) => {
  if (!budget || !policy) throw new Error('a policy change needs a budget and a policy');
  await upstream.setPolicy(budget, policy);
  return async () => {
    await upstream.setPolicy(budget, null);
    await api.send('DELETE', `/v1/budgets/${budget}/policy`);
  };
};

/** Another client uses our key. */
const foreignCaller: Inflict = async ({ upstream }, { amount }) => {
  for (let call = 0; call < amount; call += 1) await upstream.callAsForeignClient().catch(() => undefined);
  return healsByItself;
};

/** Shifts the wall clock of a process by project minutes; its timers are unaffected. */
const clockJump: Inflict = async (stage, { targets, amount }) => {
  const files = pidsOf(stage, targets).map((pid) => join(stage.clocks, String(pid)));
  await forEach(files, (file) => writeFile(file, String(stage.clock.toRealMs(amount * 60_000))));
  return () => forEach(files, (file) => rm(file, { force: true }));
};

/** Publishes the latest messages again at once, half of them with their id, which the broker deduplicates. */
const duplicate: Inflict = async ({ recorder }, { amount }) => {
  const messages = recorder.latest(amount);
  await Promise.all(messages.map((message, index) => recorder.repeat(message, index % 2 === 0)));
  return healsByItself;
};

/** Publishes the latest messages again later and in reverse order. */
const reorder: Inflict = async ({ recorder }, { amount }) => {
  const messages = recorder.latest(amount).toReversed();
  return async () => {
    for (const message of messages) await recorder.repeat(message, false);
  };
};

export const inflictions: Record<FaultKind, Inflict> = {
  kill,
  'kill-several': kill,
  freeze,
  'rolling-restart': rollingRestart,
  'broker-restart': stopServers,
  'broker-node-away': stopServers,
  'broker-quorum-lost': stopServers,
  'journal-disk-full': diskFull,
  'power-cut': loseUnsynced,
  'journal-rewound': loseUnsynced,
  'journal-truncated': truncateJournal,
  'journal-bit-flipped': flipBit,
  'node-replaced': emptyStore,
  'database-restart': stopServers,
  'database-away': stopServers,
  'network-slow': badNetwork((ms) => ({ state: 'slow', ms })),
  'network-stalled': badNetwork(() => ({ state: 'stalled' })),
  'network-half-open': badNetwork(() => ({ state: 'half-open' })),
  'network-cut': badNetwork(() => ({ state: 'cut' })),
  'upstream-errors': storm('server-error'),
  'upstream-hangs': storm('hang'),
  'upstream-resets': storm('reset'),
  'upstream-garbage': storm('html', 'truncated', 'null-body', 'wrong-types'),
  'upstream-restart': upstreamRestart,
  'policy-stricter': policyChange,
  'policy-looser': policyChange,
  'foreign-caller': foreignCaller,
  'clock-jump': clockJump,
  'messages-doubled': duplicate,
  'messages-reordered': reorder,
};

import { existsSync } from 'node:fs';
import { cp, open, readdir, readFile, rm, stat, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { jetstreamManager } from '@nats-io/jetstream';
import { catalog } from '@paceline/shared/contracts';
import { connect } from '@paceline/shared/messaging';
import { eventually } from '@paceline/shared/testing';
import { forEach, healsByItself, type Inflict, pidsOf, signal } from './inflict.ts';
import type { ChaosStage } from './stage.ts';

const { stream: journal } = catalog.journal;
/** Real ms. */
const patience = { timeoutMs: 30_000, callMs: 5_000 };

/** Copies the stores of brokers as they are at one moment. @returns puts the copies back */
async function copyStores(stage: ChaosStage, brokers: readonly string[]): Promise<() => Promise<void>> {
  const copyOf = (broker: string) => join(stage.copies, broker);
  const pids = pidsOf(stage, brokers);
  signal(pids, 'SIGSTOP');
  try {
    await Promise.all(pids.map(hasStopped));
    await forEach(brokers, (broker) => cp(stage.storeOf(broker), copyOf(broker), { recursive: true }));
  } finally {
    signal(pids, 'SIGCONT');
  }
  return () =>
    forEach(brokers, async (broker) => {
      await rm(stage.storeOf(broker), { recursive: true });
      await cp(copyOf(broker), stage.storeOf(broker), { recursive: true });
      await rm(copyOf(broker), { recursive: true });
    });
}

/** A thread stops only once it has left the kernel, where it may be writing a file. Needs Linux. */
async function hasStopped(pid: number): Promise<void> {
  const tasks = `/proc/${pid}/task`;
  if (!existsSync(tasks)) return;
  await eventually(async () => {
    for (const thread of await readdir(tasks)) {
      const state = (await readFile(join(tasks, thread, 'stat'), 'utf8')).split(') ').at(-1);
      if (!state?.startsWith('T')) throw new Error(`process ${pid} has not stopped`);
    }
  }, patience);
}

/** Project ms: such a window is not over yet when everything runs again. */
const longWindowMs = 15 * 60_000;

/** Waits until a call with a long window has arrived upstream, but at most `ms`: it is about to be lost. */
async function longCall({ upstream, real }: ChaosStage, ms: number): Promise<void> {
  const before = (await upstream.arrivals(0)).at(-1)?.seq ?? 0;
  for (const giveUp = real.now() + ms; real.now() < giveUp; await sleep(50)) {
    const arrivals = await upstream.arrivals(before);
    if (arrivals.some(({ policy }) => (policy?.windowMs ?? 0) >= longWindowMs)) return;
  }
}

/** Everything hit dies at once, and what brokers wrote in the last `amount` ms, or since a call, was never on disk. */
export const loseUnsynced: Inflict = async (stage, { targets, amount }) => {
  const putBack = await copyStores(
    stage,
    targets.filter((target) => stage.isBroker(target)),
  );
  await longCall(stage, amount);
  await forEach(targets, (target) => stage.part(target).crash());
  await putBack();
  return () => forEach(targets, (target) => stage.part(target).start());
};

/** Brokers are killed, and their stores damaged while they are down. */
const damaged =
  (damage: (store: string, amount: number) => Promise<void>): Inflict =>
  async (stage, { targets, amount }) => {
    await longCall(stage, patience.callMs);
    await forEach(targets, (target) => stage.part(target).crash());
    await forEach(targets, (target) => damage(stage.storeOf(target), amount));
    return () => forEach(targets, (target) => stage.part(target).start());
  };

/** The newest file of the journal's messages, and its size; undefined: it has none. */
async function newestBlock(store: string): Promise<{ path: string; size: number } | undefined> {
  const folder = join(store, '$G', 'streams', journal, 'msgs');
  // A server that was replaced may not have its copy back yet.
  const names = await readdir(folder).catch((error: NodeJS.ErrnoException) => {
    if (error.code === 'ENOENT') return [];
    throw error;
  });
  const numbers = names.filter((name) => name.endsWith('.blk')).map((name) => Number.parseInt(name, 10));
  if (numbers.length === 0) return undefined;
  const path = join(folder, `${Math.max(...numbers)}.blk`);
  return { path, size: (await stat(path)).size };
}

/** Cuts the last `bytes` off. */
const cutEnd = damaged(async (store, bytes) => {
  const block = await newestBlock(store);
  if (block) await truncate(block.path, Math.max(0, block.size - bytes));
});

/** Flips a bit, `amount` bytes before the end. */
export const flipBit = damaged(async (store, amount) => {
  const block = await newestBlock(store);
  if (!block || block.size === 0) return;
  const file = await open(block.path, 'r+');
  const at = Math.max(0, block.size - amount);
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, at);
  buffer[0]! ^= 1;
  await file.write(buffer, 0, 1, at);
  await file.close();
});

/** The server comes back without anything. */
export const emptyStore = damaged((store) => rm(store, { recursive: true, force: true }));

/** Deletes `amount` entries, not the newest, and kills the limiters: only a recovery can notice. */
const deleteMiddle: Inflict = async (stage, { targets, amount }) => {
  const connection = await connect(stage.stack.broker.adminUrl, 'provision');
  try {
    const { streams } = await jetstreamManager(connection, { checkAPI: false });
    await longCall(stage, patience.callMs);
    // Another fault can have left the cluster without a leader for a while.
    const { first_seq, last_seq } = await eventually(
      async () => (await streams.info(journal)).state,
      patience,
    );
    const to = last_seq - keptAtEnd;
    for (let seq = Math.max(first_seq, to - amount + 1); seq <= to; seq += 1)
      await streams.deleteMessage(journal, seq).catch(() => undefined);
  } finally {
    await connection.close();
  }
  signal(pidsOf(stage, targets), 'SIGKILL');
  return healsByItself;
};

const keptAtEnd = 1;

/** Entries disappear from the end of a broker's file, or from the middle of the stream. */
export const truncateJournal: Inflict = (stage, fault) =>
  (fault.targets.some((target) => stage.isBroker(target)) ? cutEnd : deleteMiddle)(stage, fault);

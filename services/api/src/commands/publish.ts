import type { Clock } from '@paceline/shared/clock';
import { catalog } from '@paceline/shared/contracts';
import type { Database } from '@paceline/shared/database';
import { storedMessageId, publish } from '@paceline/shared/messaging';
import { type Logger, repeatedFailure, withTraceContext } from '@paceline/shared/telemetry';
import type { Broker } from '../broker.ts';
import { repeatWhileBusy } from '../repeat.ts';
import {
  findUnpublished,
  isStillOpen,
  listOpen,
  markPublished,
  type Publication,
  type Publishable,
  type Published,
} from './query.ts';
import type { CommandStore } from './store.ts';

/** Real ms: by then most commands have ended, and need no mark. */
const markAfterMs = 500;

export function commandPublisher(broker: Broker, db: Database, clock: Clock, log: Logger) {
  const marks = repeatedFailure((err) => log.warn({ err }, 'failed to mark commands as published, retrying'));
  const publishing = new Set<Promise<unknown>>();
  const marking = new Set<Promise<unknown>>();
  let unmarked: Publication[] = [];
  let cancelTimer: (() => void) | undefined;

  function markLater(commandId: string, sequence: number): void {
    unmarked.push({ commandId, sequence, at: clock.now() });
    cancelTimer ??= clock.machine.after(markAfterMs, markNow);
  }

  function markNow(): void {
    cancelTimer?.();
    cancelTimer = undefined;
    if (unmarked.length === 0) return;
    const marked = markPublished(db, unmarked)
      .then(marks.succeeded, marks.failed)
      .finally(() => marking.delete(marked));
    unmarked = [];
    marking.add(marked);
  }

  async function publishOnce(command: Publishable, lostAt?: number): Promise<void> {
    const { commandId, riderId, requestedAt, traceparent } = command;
    const bus = broker.bus();
    const messageId = { id: lostAt === undefined ? commandId : `${commandId}:after:${lostAt}` };
    await withTraceContext(traceparent === null ? {} : { traceparent }, async () => {
      const { sequence } =
        riderId === null
          ? await publish(bus, catalog.importRiders, { commandId, requestedAt }, messageId)
          : await publish(bus, catalog.addRider, { commandId, riderId, requestedAt }, messageId);
      markLater(commandId, sequence);
    });
  }

  return {
    /** Resolves once the stream has it; safe to repeat. @param lostAt stream sequence of the message that the broker lost */
    publish(command: Publishable, lostAt?: number): Promise<void> {
      const published = publishOnce(command, lostAt).finally(() => publishing.delete(published));
      publishing.add(published);
      return published;
    },
    /** Resolves once all published commands are marked or failed to be; the sweep publishes the latter again. */
    marked() {
      markNow();
      return Promise.all(marking);
    },
    async settled() {
      await Promise.allSettled(publishing);
      markNow();
      await Promise.all(marking);
    },
  };
}

type Publisher = ReturnType<typeof commandPublisher>;

/** Real ms. By then a request has normally published its command; publishing it twice is harmless. */
const graceMs = 2_000;
const publishBatchSize = 100;
/** Open commands per pass whose message is looked up in the stream. Each pass continues after the last one. */
const lookupBatchSize = 20;

interface SweepPorts {
  readonly db: Database;
  readonly publisher: Publisher;
  readonly broker: Broker;
  readonly rejected: CommandStore['rejected'];
  readonly clock: Clock;
  readonly log: Logger;
}

/** Withdraws rejected commands, publishes unpublished ones, and republishes those that the broker has lost. */
export function startSweep({ db, publisher, broker, rejected, clock, log }: SweepPorts) {
  const failures = repeatedFailure((err) => log.warn({ err }, 'command sweep failed, retrying every second'));
  let lookedUpTo = '';
  const publishAllLost = async (open: readonly Published[]) => {
    const lost = await Promise.all(open.map((command) => isLost(broker, db, command)));
    await Promise.all(open.filter((_, index) => lost[index]).map(publishLost));
  };
  const publishUnpublished = async (command: Publishable) => {
    await publisher.publish(command);
    log.info({ commandId: command.commandId }, 'published a command that its request had not published');
  };
  const publishLost = async (command: Published) => {
    await publisher.publish(command, command.sequence);
    log.warn({ commandId: command.commandId }, 'command lost by the broker, published again');
  };
  /** @returns whether there is more to do */
  const sweep = async (): Promise<boolean> => {
    try {
      await rejected.withdraw();
      await broker.reach();
      const before = clock.now() - clock.toProjectMs(graceMs);
      const unpublished = await findUnpublished(db, before, publishBatchSize);
      // A rejected one may have been committed just now: the next pass withdraws it.
      await Promise.all(unpublished.filter((command) => !rejected.has(command)).map(publishUnpublished));
      const open = await listOpen(db, lookedUpTo, before, lookupBatchSize);
      const isFromStart = lookedUpTo === '';
      lookedUpTo = open.length < lookupBatchSize ? '' : (open.at(-1)?.commandId ?? '');
      await publishAllLost(open);
      // Otherwise the next pass would find the same ones.
      await publisher.marked();
      failures.succeeded();
      return rejected.any() || unpublished.length > 0 || open.length > 0 || !isFromStart;
    } catch (error) {
      failures.failed(error);
      return true;
    }
  };
  return repeatWhileBusy(clock.machine, sweep, graceMs);
}

/** Whether the broker has lost the command's message, so that it would never run. @throws {BrokerUnavailable} */
async function isLost(broker: Broker, db: Database, command: Published): Promise<boolean> {
  const message = command.riderId === null ? catalog.importRiders : catalog.addRider;
  const id = await storedMessageId(broker.bus(), message, command.sequence);
  if (id === command.commandId || id?.startsWith(`${command.commandId}:`)) return false;
  // Acknowledged messages are gone too, but a service stores the end of a command before it acknowledges.
  return isStillOpen(db, command);
}

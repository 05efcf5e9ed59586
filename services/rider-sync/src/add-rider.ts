import { type AddRider, isFinal, type Progress } from '@paceline/shared/contracts';
import { done, retryAfter, type Settlement } from '@paceline/shared/messaging';
import {
  answered,
  callUpstream,
  plainError,
  type Sync,
  throughOutages,
  type Transaction,
} from '@paceline/shared/sync';
import { findProgress, storeProgress } from './adapters/commands.ts';
import { storeRiders } from './adapters/riders.ts';
import { announce, createTeller, type Teller } from './adapters/teller.ts';
import { deadlineOf, failureOf, progressOf } from './core/command.ts';

/** Real ms: on a fast clock the machine is still given so long to fetch a rider. */
const leastWaitMs = 5_000;

/** Fetches one rider as soon as a call is free. Whatever happens, the command ends as done or as failed with a reason. */
export const addRider =
  (sync: Sync) =>
  async (command: AddRider): Promise<Settlement> => {
    const now = () => Math.round(sync.clock.now());
    const finish = async (progress: Progress, store: (tx: Transaction) => Promise<void>) => {
      await throughOutages(sync, () =>
        sync.db.transaction(async (tx) => {
          await store(tx);
          await storeProgress(tx, command, progress, now());
        }),
      );
      await announce(sync, command, progress);
      sync.log.info({ ...command, ...progress }, 'command ends');
    };
    const teller = createTeller(sync, command);
    try {
      const known = await throughOutages(sync, () => findProgress(sync.db, command.commandId));
      if (known && isFinal(known)) {
        await announce(sync, command, known);
        return done;
      }
      const item = await fetchRider(sync, command, teller).finally(() => teller.quiet());
      await finish({ state: 'done' }, (tx) => storeRiders(tx, [item], now()));
    } catch (error) {
      if (sync.signal.aborted) return retryAfter(0, 'shutting down');
      const err = plainError(error);
      sync.log.warn({ err, ...command }, 'a rider could not be added');
      await finish(failureOf(err, command.riderId, now()), async () => {});
    }
    return done;
  };

const fetchRider = (sync: Sync, command: AddRider, teller: Teller) =>
  callUpstream(sync, {
    endpoint: 'riders_single',
    lane: 'manual_rider_add',
    deadline: deadlineOf(Math.round(sync.clock.now()), sync.clock.fromMachine(leastWaitMs)),
    firstAskedAt: command.requestedAt,
    owner: { commandId: command.commandId },
    attempts: Number.POSITIVE_INFINITY,
    onWaiting: (waiting) => teller.tell(progressOf(waiting)),
    choose: async () => {
      teller.tell({ state: 'running' });
      return {
        target: String(command.riderId),
        send: (permit) => sync.upstream.getRider(permit, command.riderId),
        outcome: ({ rider }) => answered(rider.name),
      };
    },
  });

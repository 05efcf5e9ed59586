import { callTimeout } from '@paceline/shared/config';
import type { BulkMoved } from '@paceline/shared/contracts';
import { type RunRow, type Sync, throughOutages } from '@paceline/shared/sync';
import { activeSpan, linksTo } from '@paceline/shared/telemetry';
import { countOutsiders } from './adapters/outsiders.ts';
import { refreshFrom } from './core/bulk.ts';
import { importLane } from './core/import.ts';
import type { Batcher } from './flows/batcher.ts';

/** Real ms: on a fast clock the machine is still given so long for them. */
const leastMs = 5_000;

/**
 * Refreshes the riders whom no page of a club brings: those whom somebody has added or imported, and those who have
 * left. They need no checkpoint: who was not fetched since the slot opened is left to do, the oldest first. Calls of their
 * own are asked for late in the slot only.
 * @param stored told how many of them each bulk call has brought
 */
export async function refreshOutsiders(
  sync: Sync,
  batcher: Batcher,
  clubIds: readonly number[],
  slot: RunRow,
  stored: (riders: number) => Promise<void>,
): Promise<void> {
  const { scheduledFor: staleBefore, slotEndsAt } = slot;
  const left = () => throughOutages(sync, () => countOutsiders(sync.db, { clubIds, staleBefore }));
  const atFirst = await left();
  if (atFirst === 0) return;

  const span = activeSpan();
  const ended = Promise.withResolvers<void>();
  const onTheWay = new Set<string>();
  const from = refreshFrom(slotEndsAt, atFirst, sync.clock.fromMachine(leastMs));
  let over = false;
  const look = async (outsiders: number, call?: string) => {
    if (outsiders > 0) await stored(outsiders);
    // Only now: until then nobody else may say that all is done.
    if (call !== undefined) onTheWay.delete(call);
    if (onTheWay.size === 0 && (over || (await left()) === 0)) ended.resolve();
  };
  const waiting = new AbortController();
  const signal = AbortSignal.any([sync.signal, waiting.signal]);
  const slotEnds = async () => {
    await sync.clock.sleep(from - sync.clock.now(), signal);
    batcher.reconsider();
    await sync.clock.sleep(slotEndsAt - sync.clock.now(), signal);
    over = true;
    await look(0);
    // A call that has left is waited for, but not for ever: its process may have died.
    await sync.clock.sleep(callTimeout('riders_bulk', sync.clock), signal);
    ended.resolve();
  };
  const leave = batcher.join({
    // Whoever is wanted by an import waits in the same lane: they share the calls.
    lane: () => (over || sync.clock.now() < from ? undefined : importLane),
    run: slot,
    unused: () => void look(0).catch(ended.reject),
    moved({ call, stage, outsiders, trace }: BulkMoved) {
      if (stage === 'sent' && outsiders > 0) {
        onTheWay.add(call);
        span?.addLinks(linksTo(trace));
      }
      if (stage === 'sent') return;
      look(outsiders, call).catch(ended.reject);
    },
  });
  slotEnds().catch(ended.reject);
  try {
    await ended.promise;
  } finally {
    waiting.abort(new Error('the slot is over, or everybody is refreshed'));
    leave();
  }
  const later = await left();
  if (later > 0) sync.log.info({ riders: later }, 'riders outside the clubs are left to the next slot');
}

import { importLane, maxGetsPerImport } from '@paceline/rider-sync/core/command';
import { importMaxAgeMs } from '@paceline/shared/contracts';
import { once, runScript, type Script, waitFor } from '@paceline/kit/script';
import type { ImportRequest } from '../scenario.ts';
import type { Simulation } from '../simulation.ts';
import type { BulkCalls } from './batcher.ts';
import type { CallWithPermit } from './call.ts';
import { fetchSingleOrBulk } from './single-or-bulk.ts';
import type { WantedRider } from './wanted-riders.ts';

/** Maximum number of tries of a GET in an import, as in `flows/import-riders.ts` of the rider sync. */
const attempts = 5;

/** Fetches the riders of an import, as in `flows/import-riders.ts` of the rider sync. */
export const importRiders = (simulation: Simulation, call: CallWithPermit, bulk: BulkCalls) =>
  function* ({ commandId, riderIds, at }: ImportRequest): Script {
    const { wanted } = bulk;
    const riders = riderIds.map((riderId): WantedRider => ({
      commandId,
      riderId,
      why: 'import',
      freshFrom: at - importMaxAgeMs,
      since: at,
    }));
    for (const rider of riders) wanted.add(rider);
    wanted.endFresh();
    const left = new Set(wanted.waitingOf(commandId));
    if (left.size <= maxGetsPerImport)
      yield* bySingleCalls(
        simulation,
        call,
        bulk,
        riders.filter(({ riderId }) => left.has(riderId)),
      );
    if (wanted.waitingOf(commandId).length > 0) yield* byBulkCalls(bulk, commandId);
  };

function bySingleCalls(
  simulation: Simulation,
  call: CallWithPermit,
  bulk: BulkCalls,
  riders: readonly WantedRider[],
): Script<unknown> {
  const { agenda, tally } = simulation;
  const options = { lane: importLane, deadline: Number.POSITIVE_INFINITY, attempts } as const;
  let open = riders.length;
  function* fetch(rider: WantedRider, ended: () => void): Script {
    const isStored = yield* fetchSingleOrBulk(simulation, call, bulk, { ...rider, ...options });
    if (isStored) tally.recordStored(rider.riderId, agenda.now());
    else tally.recordRefused(rider.riderId);
    open -= 1;
    if (open === 0) ended();
  }
  return waitFor<unknown>((wake) => {
    if (open === 0) wake(undefined);
    for (const rider of riders) runScript(fetch(rider, () => wake(undefined)));
  });
}

function byBulkCalls({ batcher, wanted }: BulkCalls, commandId: string): Script<unknown> {
  return waitFor<unknown>((wake) => {
    const end = once(wake);
    const recount = () => {
      if (wanted.waitingOf(commandId).length > 0) return;
      leave();
      end(undefined);
    };
    const leave = batcher.join({
      lane: () => importLane,
      unused: recount,
      callChanged({ stage }) {
        if (stage !== 'sent') recount();
      },
    });
  });
}

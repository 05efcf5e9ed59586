import { createClock, parseClock } from '@paceline/shared/clock';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import { createLimiters, type Limiter } from '@paceline/shared/limiter';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import {
  type Address,
  type Contender,
  type ContenderLimit,
  ignore,
  onServer,
  perLimit,
  type Urgency,
} from './contender.ts';

/** Budget of the standard tier by its limit: 1 per hour, 1 or 5 per minute of project time. */
function budgetOf({ calls, windowMs }: ContenderLimit): BudgetName {
  if (windowMs >= 60_000) return 'clubs';
  return calls === 1 ? 'signups' : 'riders_single';
}

const laneOf: Record<Urgency, Lane> = {
  urgent: 'manual_rider_add',
  bulk: 'rider_sync',
  far: 'far_event_sync',
};

type Connection = Awaited<ReturnType<typeof connect>>;

/** The limiter's client in this process. @param wrap replaces the connection that it uses */
export async function openLimiters(
  { url, clock: setting }: Address,
  wrap: (connection: Connection) => Connection = (connection) => connection,
) {
  const connection = await connect(url, 'rider-sync');
  const clock = createClock(parseClock(setting));
  const limiters = createLimiters(createBus(wrap(connection), createLogger('bench', 'error')), clock);
  const close = async () => {
    await limiters.close();
    await connection.close();
  };
  return { connection, clock, limiters, close };
}

/** A call with a permit, answered by upstream. */
export const permitted = <T>(limiter: Limiter, request: PermitRequest, call: () => Promise<T>): Promise<T> =>
  limiter.withPermit(request, async (permit) => {
    permit.use();
    const result = await call();
    permit.settle({ result: 'answered', status: 200 });
    return result;
  });

type PermitRequest = Parameters<Limiter['withPermit']>[0];

/** Its windows follow the clock: 60 times faster, 5 calls per minute are 5 per second. */
export const paceline: Contender = {
  id: 'paceline',
  name: 'Paceline',
  as: 'withPermit',
  ...onServer('limiter'),
  margins: [],
  floodKeys: 1_000,
  async connect(address, call) {
    const { connection, limiters, close } = await openLimiters(address);
    return perLimit(
      async (limit) => {
        const limiter = limiters.of(limit.key);
        await connection.flush();
        return { limiter, endpoint: budgetOf(limit) };
      },
      ({ limiter, endpoint }, jobs) => {
        for (const job of jobs) {
          permitted(limiter, { endpoint, lane: laneOf[job.urgency] }, () => call(job)).catch(ignore);
        }
      },
      close,
    );
  },
};

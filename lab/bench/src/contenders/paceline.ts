import { createClock, parseClock } from '@paceline/shared/clock';
import type { Budget, Lane } from '@paceline/shared/definition';
import { createLimiters, type Limiter } from '@paceline/shared/limiter';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import {
  type Address,
  type Call,
  type Client,
  type Contender,
  type Job,
  onServer,
  type Urgency,
} from './contender.ts';

/** The budgets of the standard tier that the bench uses, by their calls per minute of the project's time. */
const budgetOf = (calls: number): Budget => (calls === 1 ? 'signups' : 'riders_single');

const laneOf: Record<Urgency, Lane> = {
  urgent: 'manual_rider_add',
  bulk: 'rider_sync',
  far: 'far_event_sync',
};

type Connection = Awaited<ReturnType<typeof connect>>;

/** The limiter's client in this process. @param wrap what it sees in place of the connection */
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

async function connectPaceline(address: Address, call: Call): Promise<Client> {
  const { connection, limiters, close } = await openLimiters(address);
  const accounts = new Map<string, { limiter: Limiter; endpoint: Budget }>();

  async function make(job: Job): Promise<void> {
    const account = accounts.get(job.key);
    if (!account) return;
    const { limiter, endpoint } = account;
    await limiter.withPermit({ endpoint, lane: laneOf[job.urgency] }, async (permit) => {
      permit.use();
      await call(job);
      permit.settle({ result: 'answered', status: 200 });
    });
  }

  return {
    async limit(limits) {
      for (const { key, calls } of limits) {
        accounts.set(key, { limiter: limiters.of(key), endpoint: budgetOf(calls) });
      }
      await connection.flush();
    },
    async submit(jobs) {
      for (const job of jobs) make(job).catch(() => undefined);
    },
    close,
  };
}

/** Its windows are the clock's: 60 times faster, 5 calls a minute are 5 a second. */
export const paceline: Contender = {
  id: 'paceline',
  name: 'Paceline',
  as: 'withPermit',
  ...onServer('limiter'),
  margins: [],
  floodKeys: 1_000,
  connect: (address, call) => connectPaceline(address, call),
};

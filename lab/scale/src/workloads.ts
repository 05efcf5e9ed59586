import { addRider, commandsEnded, nextRider, post } from '@paceline/kit/load';
import type { TestStack } from '@paceline/kit/stack';
import { createClock } from '@paceline/shared/clock';
import { createLimiters } from '@paceline/shared/limiter';
import { connect, createBus } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { measure, type LoadFigures } from './measure.ts';

const permitsInFlight = 64;
/** More requests would wait for each other. */
const commandsInFlight = 16;
/** Few enough that rider-sync's three concurrent bulk calls are the bound, not the waiting imports. */
const importsInFlight = 8;
const ridersOfAnImport = 1_000;

/** Run in this order on one system. Permits last, because the API then stores their events for a while. */
export const workloads: Readonly<Record<string, (stack: TestStack, lasts: number) => Promise<LoadFigures>>> =
  {
    'commands, to 202': (stack, lasts) => commands(stack, lasts, '202'),
    'commands, to done': commandsToDone,
    'riders by import': imports,
    permits,
  };

/** Involves every process; also used as warm-up. */
export function commandsToDone(stack: TestStack, lasts: number): Promise<LoadFigures> {
  return commands(stack, lasts, 'done');
}

/** Each permit is for a new account, so that no window is ever full, and is returned unused. */
async function permits(stack: TestStack, lasts: number): Promise<LoadFigures> {
  const connection = await connect(stack.broker.urlFor('rider-sync'), 'rider-sync');
  const limiters = createLimiters(
    createBus(connection, createLogger('scale', 'error')),
    createClock(stack.clock),
  );
  let account = 0;
  const once = async () => {
    account += 1;
    const limiter = limiters.of(`scale-${account}`);
    await limiter.withPermit({ endpoint: 'clubs', lane: 'rider_sync' }, async () => undefined);
    return 1;
  };
  const measured = await measure(stack, { inFlight: permitsInFlight, lasts, once });
  await limiters.close();
  await connection.close();
  return measured;
}

/** One rider per request, to all API processes in turn. Waits until all commands have finished. */
async function commands(stack: TestStack, lasts: number, until: '202' | 'done'): Promise<LoadFigures> {
  const once = () => addRider(stack.apiUrls, until);
  const measured = await measure(stack, { inFlight: commandsInFlight, lasts, once });
  await commandsEnded(stack);
  return measured;
}

async function imports(stack: TestStack, lasts: number): Promise<LoadFigures> {
  const once = async () => {
    const riderIds = Array.from({ length: ridersOfAnImport }, nextRider);
    const status = await post(stack.apiUrls, '/v1/riders/import', { riderIds }, { prefer: 'wait=30' });
    return status === 200 ? ridersOfAnImport : 0;
  };
  return measure(stack, { inFlight: importsInFlight, lasts, once });
}

import type { Outcome, PermitReply } from '@paceline/shared/contracts';
import { tables } from '@paceline/shared/database';
import type { BudgetName, Lane } from '@paceline/shared/definition';
import { PermitSpent } from '@paceline/shared/limiter';
import { type Caller, nowMs, recordCalls, recordEnd, recordStart, removeStart } from '@paceline/shared/sync';
import { and, eq, isNotNull, isNull, sql } from 'drizzle-orm';
import type { Door } from '../door/door.ts';
import { Problem } from '../http/problem.ts';
import { ServiceUnavailable } from '../peers.ts';
import type { HeldPermit } from './permit-id.ts';

const { syncLogs } = tables;

/** As for every call, but a repeated start finds its own record. */
const recordOnce = recordCalls(
  'permit-start',
  {},
  sql`needed as (
    select * from permitted where not exists (
      select from ${syncLogs} where ${syncLogs.permit} = permitted.permit))`,
);

type Held = HeldPermit & { readonly permit: string };

/** @throws {Problem} when the id is that of a request that still waits */
export function requirePermit(held: HeldPermit): Held {
  const { permit } = held;
  if (permit === undefined)
    throw new Problem('not-found', 'This request has no permit yet: ask again with its ticket');
  return { ...held, permit };
}

const addressOf = (door: Door, { endpoint }: HeldPermit) => ({
  account: door.account,
  endpoint: endpoint as BudgetName,
});

/**
 * Starts a permit: from now on the call counts, and is in the call log.
 * @returns real ms, from when this was called, within which it must be sent
 * @throws {Problem} when it is too late; {ServiceUnavailable} when the limiter does not answer: it can be repeated
 */
export async function startPermit(door: Door, program: string, held: Held): Promise<number> {
  const { machine } = door.clock;
  const { permit, endpoint, lane, ticket } = held;
  const at = { ...addressOf(door, held), permit };
  const startedAt = machine.elapsed();
  const reply = answered(await door.requests().send({ do: 'start', ...at, trace: {} }));
  if (reply.answer !== 'started') throw expired();
  const { sendBy, term = 0 } = reply;
  const context = door.context();
  const settle = (outcome: Outcome) => void door.requests().send({ do: 'settle', ...at, outcome });
  const call = {
    caller: program,
    endpoint: endpoint as BudgetName,
    lane: lane as Lane,
    target: ticket,
    because: null,
    freshUntil: null,
    startedAt: nowMs(door),
  };
  let isFirst: boolean;
  try {
    isFirst = await recordStart(context, { id: permit, term, settle }, call, async (recorded) => {
      const [recording] = await recordOnce(context, [recorded]);
      return recording;
    });
  } catch (error) {
    throw error instanceof PermitSpent ? expired() : error;
  }
  if (!isFirst && (await hasEnded(context, permit)))
    throw new Problem('permit-expired', 'The call of this permit has ended; request another one');
  if (machine.elapsed() - startedAt < sendBy) return sendBy;
  await cancelPermit(door, held);
  throw expired();
}

/** Reports how a started call ended, to the limiter and to the call log. Repeating it changes nothing. */
export async function settlePermit(door: Door, held: Held, outcome: Outcome): Promise<void> {
  const { permit } = held;
  const { db } = door.context();
  const [call] = await db.select().from(syncLogs).where(eq(syncLogs.permit, permit));
  if (!call) throw new Problem('not-found', 'This permit was not started');
  answered(await door.requests().send({ do: 'settle', ...addressOf(door, held), permit, outcome }));
  const { status = null, durationMs = Math.max(0, nowMs(door) - call.startedAt) } = outcome;
  const message = status === null ? 'not answered' : `answered ${status}`;
  await recordEnd(door.context(), {
    permit,
    status,
    message,
    rawStart: null,
    durationMs: Math.round(durationMs),
  });
}

/** Gives up a request or its permit, of which no call was made and none will be. Repeating it changes nothing. */
export async function cancelPermit(door: Door, held: HeldPermit): Promise<void> {
  const { permit, request } = held;
  const address = addressOf(door, held);
  if (permit !== undefined) {
    await removeUnsent(door.context(), permit);
    const outcome = { result: 'not_sent' } as const;
    answered(await door.requests().send({ do: 'settle', ...address, permit, outcome }));
  }
  answered(await door.requests().send({ do: 'cancel', ...address, id: permit ?? request }));
}

async function hasEnded({ db }: Caller, permit: string): Promise<boolean> {
  const ended = and(eq(syncLogs.permit, permit), isNotNull(syncLogs.durationMs));
  return (await db.select({ id: syncLogs.id }).from(syncLogs).where(ended)).length > 0;
}

/** The record of a call that has ended stays. */
async function removeUnsent(context: Caller, permit: string): Promise<void> {
  const open = and(eq(syncLogs.permit, permit), isNull(syncLogs.durationMs));
  const [call] = await context.db.select({ id: syncLogs.id }).from(syncLogs).where(open);
  if (call) await removeStart(context, { id: permit });
}

/** @throws {ServiceUnavailable} */
function answered(reply: PermitReply): PermitReply {
  if (reply.answer !== 'unavailable') return reply;
  throw new ServiceUnavailable('limiter', 'The limiter does not answer; repeat the request');
}

const expired = () =>
  new Problem('permit-expired', 'The permit was not started in time and is gone; request another one');

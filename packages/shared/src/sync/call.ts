import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { tables } from '../database/index.ts';
import type { Budget, Lane } from '../definition/index.ts';
import { type Permit, type PermitOptions, PermitRefused, PermitSpent } from '../limiter/index.ts';
import { durations } from '../telemetry/index.ts';
import { type Skipped, UpstreamError } from '../zwiftracing/index.ts';
import { throughOutages } from './database.ts';
import { nowMs, type Sync } from './open.ts';
import { isPassing, pauseBefore, raisedLane, usualAttempts } from './retry-policy.ts';

const callDurations = durations('paceline.upstream.call.duration', 'Calls to upstream');

/** What is called once there is a permit. */
export interface ChosenCall<E extends Budget, Answer> {
  /** The id of what is requested. */
  readonly target: string;
  /** Why this is called rather than anything else, where there is a choice. */
  readonly because?: string;
  /** What the call is made for, when that is known only now. */
  readonly owner?: CallOwner;
  send(permit: Permit<E>): Promise<Answer>;
  /** What the log says of the answer: see `answered`. */
  outcome(answer: Answer): CallOutcome;
}

interface UpstreamCall<E extends Budget, Answer> extends Omit<PermitOptions<E>, 'signal'> {
  readonly owner: CallOwner;
  /** How often a call that fails for a passing reason is made at most; default `usualAttempts`. */
  readonly attempts?: number;
  /** Decides what to call when the permit is there; undefined returns it: nothing is worth a call. */
  choose(): Promise<ChosenCall<E, Answer> | undefined>;
}

/**
 * Makes a call with a permit and logs it. What fails for a passing reason is called again, each time with a permit of
 * its own; what upstream rejected as too much once more, in a raised lane.
 * @throws {UpstreamError} the last one, also when the deadline leaves no room for another attempt
 * @throws {PermitRefused} when the deadline leaves no room for the first, or {SourceUnavailable}; the signal's reason on shutdown
 */
export function callUpstream<E extends Budget, Answer>(
  sync: Sync,
  call: UpstreamCall<E, Answer> & { choose(): Promise<ChosenCall<E, Answer>> },
): Promise<Answer>;
export function callUpstream<E extends Budget, Answer>(
  sync: Sync,
  call: UpstreamCall<E, Answer>,
): Promise<Answer | undefined>;
export async function callUpstream<E extends Budget, Answer>(
  sync: Sync,
  call: UpstreamCall<E, Answer>,
): Promise<Answer | undefined> {
  let last: UpstreamError | undefined;
  const persist = (lane: Lane) =>
    retry(passing, {
      maxAttempts: (call.attempts ?? usualAttempts) - 1,
      backoff: new ConstantBackoff(0),
    }).execute(async (context) => {
      // Not cockatiel's own pause: that one knows neither project time nor a signal.
      if (context.attempt > 0) await sync.clock.sleep(pauseBefore(context.attempt), sync.signal);
      return callOnce(sync, call, lane).catch((error: unknown) => {
        if (error instanceof UpstreamError) last = error;
        throw error;
      });
    }, sync.signal);
  try {
    return await persist(call.lane).catch((error: unknown) => {
      if (error instanceof UpstreamError && error.code === 'rate_limited')
        return persist(raisedLane(call.lane));
      throw error;
    });
  } catch (error) {
    throw error instanceof PermitRefused && last ? last : error;
  }
}

const passing = handleWhen(
  (error) => error instanceof PermitSpent || (error instanceof UpstreamError && isPassing(error.code)),
);

async function callOnce<E extends Budget, Answer>(
  sync: Sync,
  call: UpstreamCall<E, Answer>,
  lane: Lane,
): Promise<Answer | undefined> {
  const { owner, choose, attempts: _, ...request } = call;
  await sync.sources.requireAvailable(call.endpoint, lane);
  return sync.limiter.withPermit({ ...request, lane, signal: sync.signal }, async (permit) => {
    const chosen = await choose();
    if (!chosen) return undefined;
    await sync.sources.claimProbe(call.endpoint, lane);
    const startedAt = nowMs(sync);
    const record = (outcome: CallOutcome) => {
      const durationMs = Math.max(0, Math.round(sync.clock.now() - startedAt));
      const status = String(outcome.status ?? 'none');
      callDurations.record(durationMs / 1_000, { endpoint: call.endpoint, status });
      const { target, because = null } = chosen;
      const row = {
        ...(chosen.owner ?? owner),
        endpoint: call.endpoint,
        target,
        because,
        startedAt,
        durationMs,
      };
      return throughOutages(sync, () => sync.db.insert(tables.syncLogs).values({ ...row, ...outcome }));
    };
    try {
      const answer = await chosen.send(permit);
      await record(chosen.outcome(answer));
      await sync.sources.recordCall(call.endpoint);
      return answer;
    } catch (error) {
      // A permit that ran out was never sent: that is no call.
      if (!(error instanceof PermitSpent)) {
        await record(outcomeOfError(error));
        await sync.sources.recordCall(call.endpoint, error);
      }
      throw error;
    }
  });
}

/** What a call is made for; neither: it can wait for no run. */
interface CallOwner {
  readonly runId?: string;
  readonly commandId?: string;
}

/** What a call came to, as its row in the log says it. */
type CallOutcome = Pick<typeof tables.syncLogs.$inferInsert, 'status' | 'message' | 'rawStart'>;

/** What the log says of an answer. @param about it in a few words, e.g. "120 riders" */
export function callOutcome(about: string, skipped: readonly Skipped[] = []): CallOutcome {
  const [first] = skipped;
  if (!first) return { status: 200, message: about, rawStart: null };
  const unreadable = `${skipped.length} unreadable, the first: ${first.reason}`;
  return { status: 200, message: `${about}, ${unreadable}`, rawStart: first.rawStart };
}

function outcomeOfError(error: unknown): CallOutcome {
  if (error instanceof UpstreamError)
    return { status: error.status ?? null, message: error.message, rawStart: error.rawStart ?? null };
  const reason = error instanceof Error ? error.message : String(error);
  return { status: null, message: `given up: ${reason}`, rawStart: null };
}

import { ConstantBackoff, handleWhen, retry } from 'cockatiel';
import { fullName, upstreamOf } from '../contracts/index.ts';
import { summaryOf } from '../database/index.ts';
import type { BudgetName, Lane } from '../definition/index.ts';
import { type Permit, type PermitOptions, PermitRefused, PermitSpent } from '../limiter/index.ts';
import { durations } from '../telemetry/index.ts';
import { unreadableText } from '../words.ts';
import { isTemporary, type SkippedItem, UpstreamError } from '../zwiftracing/index.ts';
import {
  type CallOutcome,
  type CallOwner,
  type EndedCall,
  type PermittedCall,
  recordEnd,
  type Recording,
  recordStart,
  removeStart,
} from './call-log.ts';
import { type Caller, nowMs } from './open.ts';
import { pauseBeforeAttempt, raisedLane, defaultAttempts } from './retry-policy.ts';

const callDurations = durations('paceline.upstream.call.duration', 'Duration of upstream calls');

/** The call to make with a permit. */
export interface ChosenCall<E extends BudgetName, Answer> {
  /** The id of the requested club, rider or event. */
  readonly target: string;
  /** Why this call was chosen over others, where there was a choice. */
  readonly because?: string;
  /** Until when the answer stays within its freshness goals, project ms. */
  readonly freshUntil?: number;
  /** The run or command of the call, if it is only known once the call is chosen. */
  readonly owner?: CallOwner;
  /** Records the call, together with what must hold for it; default: records it in any case. */
  record?(call: PermittedCall): Promise<Recording | undefined>;
  send(permit: Permit<E>): Promise<Answer>;
  /** How the sync log describes the response: see `callOutcome`. */
  outcome(answer: Answer): CallOutcome;
  /** Stores the answer together with the end of the call. Returns whether the source is known to be available. */
  store?(end: EndedCall, answer: Answer): Promise<boolean>;
}

interface UpstreamCall<E extends BudgetName, Answer> extends PermitOptions<E> {
  readonly owner: CallOwner;
  /** Max attempts when the failure is temporary; default `defaultAttempts`. */
  readonly attempts?: number;
  /** Chooses the call once the permit is granted; undefined returns the permit unused, and so does a recording that says `unneeded`. */
  choose(): Promise<ChosenCall<E, Answer> | undefined>;
}

/**
 * Makes a call with a permit and logs it. Temporary failures are retried, each attempt with its own permit; a 429 is
 * retried in the next higher lane.
 * @throws {UpstreamError} of the last attempt, also when the deadline rules out another one
 * @throws {PermitRefused} when the deadline rules out the first attempt; {SourceUnavailable}; the signal's reason on shutdown
 */
export function callUpstream<E extends BudgetName, Answer>(
  sync: Caller,
  call: UpstreamCall<E, Answer> & { choose(): Promise<Omit<ChosenCall<E, Answer>, 'record'>> },
): Promise<Answer>;
export function callUpstream<E extends BudgetName, Answer>(
  sync: Caller,
  call: UpstreamCall<E, Answer>,
): Promise<Answer | undefined>;
export async function callUpstream<E extends BudgetName, Answer>(
  sync: Caller,
  call: UpstreamCall<E, Answer>,
): Promise<Answer | undefined> {
  let last: UpstreamError | undefined;
  const attempt = (lane: Lane) =>
    retry(temporaryFailures, {
      maxAttempts: (call.attempts ?? defaultAttempts) - 1,
      backoff: new ConstantBackoff(0),
    }).execute(async (context) => {
      // Cockatiel's own backoff knows neither project time nor the signal.
      if (context.attempt > 0) await sync.clock.sleep(pauseBeforeAttempt(context.attempt), sync.signal);
      return callOnce(sync, call, lane).catch((error: unknown) => {
        if (error instanceof UpstreamError) last = error;
        throw error;
      });
    }, sync.signal);
  try {
    return await attempt(call.lane).catch((error: unknown) => {
      if (error instanceof UpstreamError && error.code === 'rate_limited')
        return attempt(raisedLane(call.lane));
      throw error;
    });
  } catch (error) {
    throw error instanceof PermitRefused && last ? last : error;
  }
}

const temporaryFailures = handleWhen(
  (error) => error instanceof PermitSpent || (error instanceof UpstreamError && isTemporary(error.code)),
);

async function callOnce<E extends BudgetName, Answer>(
  sync: Caller,
  call: UpstreamCall<E, Answer>,
  lane: Lane,
): Promise<Answer | undefined> {
  const { owner, choose, attempts: _, ...request } = call;
  await sync.sources.requireAvailable(call.endpoint, lane);
  return sync.limiter.withPermit({ signal: sync.signal, ...request, lane }, async (permit) => {
    const chosen = await choose();
    if (!chosen) return undefined;
    await sync.sources.claimProbe(call.endpoint, lane);
    const { endpoint } = call;
    const { target, because = null, freshUntil = null } = chosen;
    const callOwner = chosen.owner ?? owner;
    const startedAt = nowMs(sync);
    const logged = { ...callOwner, endpoint, lane, target, because, freshUntil, startedAt };
    if (!(await recordStart(sync, permit, logged, chosen.record))) return undefined;
    const sentAt = sync.clock.now();
    const endOf = (outcome: CallOutcome): EndedCall => {
      const durationMs = Math.max(0, Math.round(sync.clock.now() - sentAt));
      const name = fullName(upstreamOf(sync.account), endpoint);
      callDurations.record(durationMs / 1_000, { endpoint: name, status: String(outcome.status ?? 'none') });
      const { unreadable } = outcome;
      if (unreadable) sync.log.warn({ target, ...callOwner, unreadable }, 'unreadable items skipped');
      return { ...outcome, permit: permit.id, durationMs };
    };
    const answer = await chosen.send(permit).catch(async (error: unknown) => {
      if (error instanceof PermitSpent) {
        await removeStart(sync, permit);
      } else {
        await recordEnd(sync, endOf(outcomeOfError(error)));
        await sync.sources.recordCall(endpoint, error);
      }
      throw error;
    });
    const end = endOf(chosen.outcome(answer));
    const isKnown = await storeEnd(sync, chosen, end, answer);
    if (!isKnown) await sync.sources.recordCall(endpoint);
    return answer;
  });
}

/** Returns whether the source is known to be available. */
async function storeEnd<E extends BudgetName, Answer>(
  sync: Caller,
  { store }: ChosenCall<E, Answer>,
  end: EndedCall,
  answer: Answer,
): Promise<boolean> {
  try {
    if (store) return await store(end, answer);
  } catch (error) {
    // The answer could not be stored, but the call was made.
    await recordEnd(sync, end);
    throw error;
  }
  await recordEnd(sync, end);
  return false;
}

const maxReason = 200;

/** The outcome of an answered call. @param about the response in a few words, e.g. "120 riders" */
export function callOutcome(about: string, skipped: readonly SkippedItem[] = []): CallOutcome {
  const [first] = skipped;
  if (!first) return { status: 200, message: about, rawStart: null };
  return {
    status: 200,
    message: `${about}, ${skippedText(skipped)}`,
    rawStart: first.rawStart,
    unreadable: skipped.map(({ id, reason }) => ({ id, reason: reason.slice(0, maxReason) })),
  };
}

/** `6 unreadable: 4500012, 4500025, … (name: expected string)`; the reason is that of the first. */
export const skippedText = (skipped: readonly SkippedItem[]): string =>
  `${unreadableText(summaryOf(skipped))} (${skipped[0]?.reason.slice(0, maxReason)})`;

function outcomeOfError(error: unknown): CallOutcome {
  if (error instanceof UpstreamError)
    return { status: error.status ?? null, message: error.message, rawStart: error.rawStart ?? null };
  const reason = error instanceof Error ? error.message : String(error);
  return { status: null, message: `aborted: ${reason}`, rawStart: null };
}

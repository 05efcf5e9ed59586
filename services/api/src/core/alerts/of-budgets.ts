import { type Budget, forcedLanes, type Lane } from '@paceline/shared/definition';
import type { Attribution, WindowView } from '@paceline/shared/contracts';
import type { Condition } from './condition.ts';
import { list, time, span } from './words.ts';

const minute = 60_000;

/** Project ms after the last 429 until a storm of them is over. */
const calm = 10 * minute;

/** Our calls are rejected, or were a moment ago: one condition, whatever the number of budgets. */
export function rejections(windows: readonly WindowView[], now: number): Condition[] {
  const hit = windows.flatMap(({ endpoint, lastRejected, pausedUntil }) => {
    const isRecent = lastRejected !== null && now - lastRejected.at < calm;
    const until = pausedUntil.upstream ?? 0;
    return lastRejected && (isRecent || until > now) ? [{ endpoint, ...lastRejected, until }] : [];
  });
  const [first] = hit.toSorted((a, b) => a.at - b.at);
  if (!first) return [];
  const open = Math.max(...hit.map(({ until }) => until));
  const budgets = list(hit.map(({ endpoint }) => endpoint));
  return [
    {
      type: 'rate_limit_exceeded',
      key: 'rate_limit_exceeded',
      severity: 'error',
      title: `Upstream rejects calls: ${budgets}`,
      why: `${whose[first.attribution]}${open > now ? ` Nobody calls ${budgets} until ${time(open)}.` : ''}`,
      todo: whatToDo[first.attribution],
      since: first.at,
      isNews: false,
    },
  ];
}

const whose: Record<Attribution, string> = {
  ours: 'Our own calls filled the window, as far as the journal tells.',
  policy_changed: 'Upstream enforces another limit than the one that was kept.',
  unreported_permit: 'A call of ours whose end was never heard of may have come late.',
  foreign_caller: 'Somebody else seems to use the same key.',
};

const whatToDo: Record<Attribution, string> = {
  ours: 'Run npm run audit:journal and report what it finds: this must not happen.',
  policy_changed: 'Nothing: the new limit is kept. If it is wrong, set the policy of the budget.',
  unreported_permit: 'Nothing, if it stays a single one.',
  foreign_caller: 'Find who else uses the key, or give it a key of its own.',
};

/** Upstream named another limit within the last day. */
export const learnedLimits = (windows: readonly WindowView[], now: number): Condition[] =>
  windows.flatMap(({ endpoint, policy, documented }) => {
    const { from, since, limit, windowMs } = policy;
    if (from !== 'upstream' || since === null || now - since > 1_440 * minute) return [];
    return [
      {
        type: 'limit_learned',
        key: `limit_learned:${endpoint}`,
        severity: 'warning',
        title: `The limit of ${endpoint} is ${limit} per ${span(windowMs)}`,
        why: `Upstream said so; ${documented.limit} per ${span(documented.windowMs)} is documented.`,
        todo: 'Check the slots against it with npm run plan.',
        since,
        isNews: true,
      },
    ];
  });

/** The journal was gone within the last window. */
export function lostJournal(windows: readonly WindowView[], now: number): Condition[] {
  const closed = windows.filter(({ unknownUntil }) => (unknownUntil ?? 0) > now);
  // A longer window that was learned closes a single budget, too.
  if (closed.length < windows.length || windows.length === 0) return [];
  return [
    {
      type: 'journal_lost',
      key: 'journal_lost',
      severity: 'error',
      title: 'The journal of the limiter was lost',
      why: 'Every budget counts as spent for one window, so that no call is made twice.',
      todo: 'Find out what became of the disk of the broker. Calls go on by themselves.',
      since: now,
      isNews: false,
    },
  ];
}

/** Project ms that a wait in line may take before somebody should know. A sync is expected to wait within its slot. */
const long = (lane: Lane): number => (forcedLanes.has(lane) ? 5 : 30) * minute;

/** Somebody has waited long, and not only for the next call of a slow window. */
export function longQueues(windows: readonly WindowView[], now: number): Condition[] {
  const slow = windows.flatMap(({ endpoint, policy, waiting }) => {
    const [first] = waiting.next.filter(
      ({ lane, firstAskedAt }) => now - firstAskedAt > Math.max(long(lane), policy.windowMs),
    );
    return first ? [{ endpoint, count: waiting.count, ...first }] : [];
  });
  const [worst] = slow.toSorted((a, b) => a.firstAskedAt - b.firstAskedAt);
  if (!worst) return [];
  return [
    {
      type: 'long_queue',
      key: 'long_queue',
      severity: 'warning',
      title: `Calls wait long: ${list(slow.map(({ endpoint }) => endpoint))}`,
      why: `A call of ${worst.lane} for ${worst.endpoint} has waited ${span(now - worst.firstAskedAt)}, with ${worst.count} in line; it is expected to run at ${time(worst.estimatedAt)}.`,
      todo: 'See who is in line. Pause a sync, or plan fewer slots.',
      since: worst.firstAskedAt + Math.max(long(worst.lane), policyOf(windows, worst.endpoint)),
      isNews: false,
    },
  ];
}

const policyOf = (windows: readonly WindowView[], budget: Budget): number =>
  windows.find(({ endpoint }) => endpoint === budget)?.policy.windowMs ?? 0;

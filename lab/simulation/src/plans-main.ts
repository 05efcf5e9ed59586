import { numberOf, runCommand, terminal } from '@paceline/kit/arguments';
import { quantile } from '@paceline/kit/statistics';
import type { Candidate } from '@paceline/event-sync/core/classes';
import { createPlanner } from '@paceline/event-sync/core/call-plan/next-calls';
import { createWorld } from '@paceline/sandbox';
import { callPlanRulesOf, callPlanVariableNames, loadConfig } from '@paceline/shared/config';
import { horizonMs } from '@paceline/shared/definition';
import { limitsOf } from '@paceline/shared/upstreams';
import { loadUpstreams } from '@paceline/shared/upstreams/load';

const usage = `npm run lab -- plans [--plans N]

Measures how long one plan of the next signups calls takes: at ten past six on five evenings, with 900 events in two days.

  --plans N  plans per evening (default 200)

Exit codes: 0 measured, 2 wrong usage.`;

const minute = 60_000;
const hour = 60 * minute;
const eventCount = 900;
const evenings = 5;

/** The events of the world from then on; those of later hours again and again until there are 900. Copies have all ages. */
function eventsAt(now: number, seed: number): Candidate[] {
  const upcoming = createWorld(seed, []).startingIn(now, now + horizonMs);
  const far = upcoming.filter(({ start }) => start > now + 2 * hour);
  const near = upcoming.length - far.length;
  return Array.from({ length: eventCount }, (_, index) => {
    const event = index < near ? upcoming[index] : far[(index - near) % far.length];
    const startsAt = event?.start ?? now;
    const age = startsAt < now + hour ? (index * 13) % 70 : (index * 37) % 1_500;
    return {
      eventId: String(index),
      startsAt,
      listedSignups: 40,
      signupsListedThen: 20,
      signupsFetchedAt: now - age * minute,
      hasOurs: index % 5 !== 0,
    };
  });
}

process.exitCode = await runCommand(
  { usage, options: { plans: { type: 'string', default: '200' } } },
  process.argv.slice(2),
  terminal,
  async ({ plans }) => {
    const count = numberOf('--plans', plans, 1, 100_000);
    const rules = callPlanRulesOf(loadConfig({}, callPlanVariableNames));
    const { budgets, endpoints } = loadUpstreams(process.env).zwiftracing;
    const policy = limitsOf(budgets, 'standard').signups;
    const times: number[] = [];
    for (let seed = 1; seed <= evenings; seed += 1) {
      const now = Date.UTC(2026, 10, 24 + seed, 18, 10);
      const events = eventsAt(now, seed);
      const slots = [{ from: now, until: now + 4 * hour }];
      for (let each = 0; each < count; each += 1) {
        const plan = createPlanner(rules, endpoints.signups.typicalMs);
        const from = performance.now();
        plan({ events, policy, slots, isWatched: true, now, permit: 'held' });
        times.push(performance.now() - from);
      }
    }
    const at = (share: number) => quantile(times, share).toFixed(1);
    terminal.out(
      `A plan among ${eventCount} events takes ${at(0.5)} ms, p95 ${at(0.95)} ms, p99 ${at(0.99)} ms.`,
    );
    return 0;
  },
);

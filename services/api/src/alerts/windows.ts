import { fullName, type WindowView } from '@paceline/shared/contracts';
import { defaultUpstream, type Upstream } from '@paceline/shared/upstreams';
import {
  type AlertCondition,
  type AlertKey,
  conditionOf,
  conflicts,
  learnedLimits,
  longQueues,
  lostJournal,
  rejections,
} from './rules.ts';
import { listText } from './view.ts';

/** What the windows of one upstream show. Keys of other upstreams than that of the syncs end with their name. */
export function windowConditions(
  upstream: Upstream,
  windows: readonly WindowView[],
  now: number,
): AlertCondition[] {
  const named = windows.map((window) => ({ ...window, endpoint: fullName(upstream.name, window.endpoint) }));
  const found = [
    ...rejections(named, now, upstream),
    ...learnedLimits(named, now, upstream),
    ...foreignUse(named, upstream),
    ...lostJournal(named, now, upstream),
    ...longQueues(named, now, upstream),
    ...conflicts(named, now, upstream),
  ];
  if (upstream.name === defaultUpstream) return found;
  return found.map((each) => ({ ...each, key: `${each.key}:${upstream.name}` as AlertKey }));
}

/** A 429 that another program caused is an alert itself. */
function foreignUse(windows: readonly WindowView[], { label }: Upstream): AlertCondition[] {
  const used = windows.flatMap(({ endpoint, foreign }) =>
    foreign?.by === 'counter' ? [{ endpoint, ...foreign }] : [],
  );
  if (used.length === 0) return [];
  const counts = used.map(
    ({ endpoint, calls }) => `${endpoint} ${calls.reduce((sum, each) => sum + each.calls, 0)}`,
  );
  return [
    conditionOf('foreign_use', 'warning', {
      title: `Another program uses the key of ${label}`,
      why: `${label} counts more calls than Paceline has made (${listText(counts)}). Paceline makes as many fewer.`,
      todo: 'Let that program call through Paceline (docs/door.md), or give it a key of its own.',
      since: Math.min(...used.map(({ since }) => since)),
    }),
  ];
}

import { catalog, subjectPattern } from '@paceline/shared/contracts';
import { messagingAttributes } from '@paceline/shared/messaging';
import { contextFrom, inSpan, SpanKind } from '@paceline/shared/telemetry';
import type { Wish } from '../core/turn.ts';

/** Shows each start, in the trace of who asks, for as long as its commit to the journal takes. */
export function traceStarts(wishes: readonly Wish[], committed: Promise<unknown>): void {
  for (const wish of wishes) {
    if (wish.do !== 'start' && !(wish.do === 'acquire' && wish.start)) continue;
    const settings = {
      kind: SpanKind.CONSUMER,
      parent: contextFrom(wish.trace),
      attributes: {
        ...messagingAttributes(subjectPattern(catalog.ask), 'process', 'commit'),
        'paceline.endpoint': wish.endpoint,
      },
    };
    // The span shows the failure; whoever commits handles it.
    inSpan('commit permit', settings, () => committed).catch(() => undefined);
  }
}

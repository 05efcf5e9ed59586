import { type Ask, catalog, subjectPattern } from '@paceline/shared/contracts';
import { contextFrom, inSpan, SpanKind } from '@paceline/shared/telemetry';

/** Shows each start, in the trace of who asks, for as long as its commit to the journal takes. */
export function traceStarts(asks: readonly Ask[], committed: Promise<unknown>): void {
  for (const ask of asks) {
    if (ask.do !== 'start') continue;
    const settings = {
      kind: SpanKind.SERVER,
      parent: contextFrom(ask.trace),
      attributes: {
        'messaging.system': 'nats',
        'messaging.destination.name': subjectPattern(catalog.ask),
        'paceline.endpoint': ask.endpoint,
      },
    };
    // The span shows the failure; whoever commits handles it.
    inSpan('commit permit', settings, () => committed).catch(() => undefined);
  }
}

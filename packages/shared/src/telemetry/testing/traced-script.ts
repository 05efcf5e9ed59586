// Script of telemetry.prove.test.ts: a span with an HTTP call, then a clean stop.
import { createLogger, inSpan, meter, metricsText, SpanKind, stopTelemetry } from '../index.ts';

const log = createLogger('script', 'info');
const { FETCH_URL: url } = process.env;
const get = () =>
  url && fetch(url, { headers: { authorization: 'the-upstream-key' } }).then((response) => response.text());

await get();
meter().createCounter('paceline_cups_of_tea', { description: 'Cups of tea.' }).add(2, { milk: 'no' });
await inSpan('work', { kind: SpanKind.CONSUMER, attributes: { riders: 3 } }, async () => {
  await get();
  log.info('worked');
});
log.info({ text: await metricsText() }, 'metrics');
await stopTelemetry();
log.info('stopped');
process.exit(0);

// What telemetry.test.ts looks at from outside: one traced piece of work with an HTTP call in it, then a clean stop.
import { createLogger, inSpan, meter, metricsText, SpanKind, stopTelemetry } from '../index.ts';

const log = createLogger('script', 'info');
const { FETCH_URL: url } = process.env;
const get = () =>
  url && fetch(url, { headers: { authorization: 'the-upstream-key' } }).then((answer) => answer.text());

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

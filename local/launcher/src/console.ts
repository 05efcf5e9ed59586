import { createClock } from '@paceline/shared/clock';
import {
  catalog,
  type CommandChanged,
  isFinal,
  sourceUnavailableMessage,
  type RunChanged,
  type SourceChanged,
} from '@paceline/shared/contracts';
import { kinds } from '@paceline/shared/definition';
import { connect, createBus, listen } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { count } from '@paceline/shared/words';
import type { Stack } from './stack.ts';

/** What a newcomer needs to know, on one screen: what runs where, what to open, what comes next. */
export function banner(stack: Stack, logs: string): string {
  const { apiUrl, apiUrls, sandboxUrl, broker, clock, databaseUrl } = stack;
  const { host, pathname } = new URL(databaseUrl);
  const now = new Date(createClock(clock).now()).toISOString().slice(0, 16).replace('T', ' ');
  const pace = clock.scale === 1 ? '' : `, ${clock.scale} times faster than yours`;
  const furtherApis = apiUrls
    .slice(1)
    .map((url) => `              ${url}                 the same, by another process\n`)
    .join('');
  const here = clock.scale === 1 ? '' : ` (${Math.round((15 * 60) / clock.scale)} s here)`;
  return `
  Paceline is running. It is ${now} UTC${pace}.

  Open        ${apiUrl}                 the dashboard: windows, who waits, what runs
              ${apiUrl}/docs            the API, to read and to try
              ${apiUrl}/v1/riders       riders as they arrive
              ${apiUrl}/v1/runs         what ran, runs and waits
              ${apiUrl}/v1/coordination how full each window is
${furtherApis}  Behind it   ${broker.shownUrl.replaceAll(',', ', ')}  ·  postgres://${host}${pathname}  ·  logs in ${logs}
  Health      ${healthOf(stack)}, each with /readyz and /metrics
${sandboxUrl ? `  Upstream    ${sandboxUrl}/control/judgement  a sandbox with the real limits, and its verdict on us\n` : ''}
  What next   A rider sync is due at once; near and far events take turns, every 15 minutes${here}.
  Try         curl -X POST ${apiUrl}/v1/riders -H 'content-type: application/json' -d '{"riderId": 4500001}'

  Ctrl-C stops everything and keeps its state; npm run reset forgets it.
`;
}

/** e.g. `limiter :3002 · rider-sync :3003` */
const healthOf = ({ processes }: Stack): string =>
  [...processes.values()]
    .filter(({ name }) => name !== 'sandbox')
    .map(({ name, readyUrl }) => `${name} :${new URL(readyUrl).port}`)
    .join(' · ');

/** Prints a line for each event that matters to a reader. Returns the way to end it. */
export async function printNews(
  natsUrl: string,
  print: (line: string) => void,
): Promise<() => Promise<void>> {
  const connection = await connect(natsUrl, 'provision');
  const bus = createBus(connection, createLogger('launcher', 'error'));
  const say = (at: number, line: string) => print(`${new Date(at).toISOString().slice(11, 16)}  ${line}`);
  listen(bus, catalog.runChanged, {}, (run) => {
    if (run.state !== 'running' || run.counts.planned === 0) say(run.at, describeRun(run));
  });
  listen(bus, catalog.commandChanged, {}, (command) => {
    if (isFinal(command.progress)) say(command.at, describeCommand(command));
  });
  listen(bus, catalog.sourceChanged, {}, (change) => say(change.at, describeSource(change)));
  listen(bus, catalog.alert, {}, ({ at, message }) => say(at, `ALERT ${message}`));
  return () => connection.close();
}

/** A run in a line, in the words of the definition. */
export function describeRun(run: Omit<RunChanged, 'at' | 'runId'>): string {
  const { kind, state, mode, counts, error, slotId } = run;
  if (state === 'running') return `${kind} sync has begun (${slotId ?? 'on demand'})`;
  if (state === 'failed') return `${kind} sync failed: ${error ?? 'no reason given'}`;
  const { planned, deferred, synced, stored } = counts;
  if (mode === 'observed')
    return `${kind} sync observed: it would call for ${planned - deferred} of ${planned}`;
  const left = deferred > 0 ? `, ${deferred} left for the next slot` : '';
  const { thing, yields } = kinds[kind];
  return `${kind} sync done: ${count(synced, thing)} with ${stored} ${yields}${left}`;
}

function describeCommand({ riderId, riders, progress }: CommandChanged): string {
  const why = 'reason' in progress ? progress.reason : progress.state;
  if (riderId !== undefined)
    return progress.state === 'done' ? `rider ${riderId} added` : `rider ${riderId} not added: ${why}`;
  if (progress.state !== 'done') return `import failed: ${why}`;
  const missing = riders && riders.failed > 0 ? `, ${riders.failed} could not be had` : '';
  return `import done: ${riders?.done ?? 0} riders${missing}`;
}

const describeSource = ({ source, state, message, advice }: SourceChanged): string =>
  state === 'available'
    ? `the ${source} of upstream are available again`
    : `ALERT ${sourceUnavailableMessage(source, message ?? '')}. ${advice ?? ''}`;

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
import { connect, createBus, subscribe } from '@paceline/shared/messaging';
import { createLogger } from '@paceline/shared/telemetry';
import { count, unreadableText } from '@paceline/shared/words';
import type { Stack } from './stack.ts';

/** The first screen of a running stack: what to open, what runs where, what to try. The API token is not printed. */
export function banner(stack: Stack, logs: string, hasToken: boolean): string {
  const { apiUrl, apiUrls, sandboxUrl, otherSandboxes, upstreams, broker, clock, databaseUrl } = stack;
  const { host, pathname } = new URL(databaseUrl);
  const now = new Date(createClock(clock).now()).toISOString().slice(0, 16).replace('T', ' ');
  const time =
    clock.scale === 1
      ? `It is ${now} UTC.`
      : `Project time is ${now} UTC and runs ${clock.scale} times faster than real time.`;
  const authorization = hasToken ? ' -H "authorization: Bearer $API_TOKEN"' : '';
  const furtherApis = apiUrls
    .slice(1)
    .map((url) => `              ${url}                 the same, from another process\n`)
    .join('');
  return `
  Paceline is running. ${time}

  Open        ${apiUrl}                 dashboard: what can be called now, riders, events, queue
${furtherApis}              ${apiUrl}/docs            API reference, to read and try
  Terminal    ${commandLine(apiUrl, hasToken)}
  Servers     ${broker.shownUrl.replaceAll(',', ', ')}  ·  postgres://${host}${pathname}  ·  logs in ${logs}
  Services    ${servicesOf(stack)}, each with /readyz and /metrics
${upstreams.map((name) => doorLine(apiUrl, name)).join('')}${sandboxUrl ? sandboxLine(sandboxUrl, 'ZwiftRacing') : ''}${otherSandboxes.map(({ url, label }) => sandboxLine(url, label)).join('')}
  Try         add rider 4500001 on the dashboard's first page, or
              curl -X POST ${apiUrl}/v1/riders${authorization} -H 'content-type: application/json' -d '{"riderId": 4500001}'
${hasToken ? '              with API_TOKEN set in your shell as for npm start; every /v1 path needs it\n' : ''}
  Ctrl-C stops everything and keeps the state; npm run reset deletes it.
  Runs, requests and alerts appear below as they happen.
`;
}

const doorLine = (apiUrl: string, name: string): string =>
  `  Programs    ${apiUrl}/upstream/${name}/…  calls a path of it, within its rate limits\n`;

const sandboxLine = (url: string, label: string): string =>
  `  Sandbox     ${url}/control/judgement  simulated ${label}: our calls, and those it rejected\n`;

/** The command that shows what the dashboard shows, for this address and with the token. */
const commandLine = (apiUrl: string, hasToken: boolean): string =>
  [
    ...(apiUrl === 'http://127.0.0.1:3000' ? [] : [`PACELINE_URL=${apiUrl}`]),
    ...(hasToken ? ['PACELINE_TOKEN=$API_TOKEN'] : []),
    'npm run paceline -- status',
  ].join(' ');

/** e.g. `limiter :3002 · rider-sync :3003` */
const servicesOf = ({ processes }: Stack): string =>
  [...processes.values()]
    .filter(({ name }) => !name.startsWith('sandbox'))
    .map(({ name, readyUrl }) => `${name} :${new URL(readyUrl).port}`)
    .join(' · ');

/** Prints a line for each run, finished command, change of a source and alert. Returns a function that stops it. */
export async function printActivity(
  natsUrl: string,
  print: (line: string) => void,
): Promise<() => Promise<void>> {
  const connection = await connect(natsUrl, 'provision');
  const bus = createBus(connection, createLogger('launcher', 'error'));
  const printAt = (at: number, line: string) => print(`${new Date(at).toISOString().slice(11, 16)}  ${line}`);
  subscribe(bus, catalog.runChanged, {}, (run) => {
    if (run.state !== 'running' || run.counts.planned === 0) printAt(run.at, describeRun(run));
  });
  subscribe(bus, catalog.commandChanged, {}, (command) => {
    if (isFinal(command.progress)) printAt(command.at, describeCommand(command));
  });
  subscribe(bus, catalog.sourceChanged, {}, (change) => printAt(change.at, describeSource(change)));
  subscribe(bus, catalog.alert, {}, ({ at, message }) => printAt(at, `ALERT ${message}`));
  return () => connection.close();
}

/** A run in one line, e.g. `far sync done: 4 far events with 63 signups, 3 deferred`. */
export function describeRun(run: Omit<RunChanged, 'at' | 'runId'>): string {
  const { kind, state, mode, counts, unreadable, error, slotId } = run;
  const { label, thing, yields } = kinds[kind];
  if (state === 'running') return `${label} started (${slotId ?? 'on demand'})`;
  if (state === 'failed') return `${label} failed: ${error ?? 'unknown error'}`;
  const { planned, deferred, synced, stored } = counts;
  if (mode === 'observed')
    return `${label} observed only: would make ${planned - deferred} of ${count(planned, 'planned call')}`;
  const rest = deferred > 0 ? `, ${deferred} deferred to the next slot` : '';
  const skipped = unreadable ? `, ${unreadableText(unreadable)}` : '';
  const failed = state === 'partly_failed' ? `, ${failureText(counts.failed, error)}` : '';
  const verb = state === 'partly_failed' ? 'partly failed' : 'done';
  const result = synced === 0 ? 'nothing synced' : `${count(synced, thing)} with ${count(stored, yields)}`;
  return `${label} ${verb}: ${result}${failed}${skipped}${rest}`;
}

/** A run without failed items has failed to refresh its list. */
const failureText = (failed: number, error: string | null): string =>
  failed > 0 ? `${failed} failed (${error ?? 'see the run'})` : (error ?? 'see the run');

function describeCommand({ riderId, riders, progress }: CommandChanged): string {
  const reason = 'reason' in progress ? progress.reason : progress.state;
  if (riderId !== undefined)
    return progress.state === 'done' ? `rider ${riderId} added` : `rider ${riderId} not added: ${reason}`;
  if (progress.state !== 'done') return `import failed: ${reason}`;
  const failed = riders && riders.failed > 0 ? `, ${riders.failed} failed` : '';
  return `import done: ${count(riders?.done ?? 0, 'rider')}${failed}`;
}

const describeSource = ({ source, state, message, advice }: SourceChanged): string =>
  state === 'available'
    ? `${source} available from ZwiftRacing again`
    : `ALERT ${sourceUnavailableMessage(source, message ?? '')}. ${advice ?? ''}`;

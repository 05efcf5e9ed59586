import type { SyncKind } from '@paceline/shared/definition';
import { createLogger } from '@paceline/shared/telemetry';
import {
  catalog,
  type CommandChanged,
  isFinal,
  notAvailable,
  type RunChanged,
  type RunCounts,
  type SourceChanged,
} from '@paceline/shared/contracts';
import { connect, createBus, listen } from '@paceline/shared/messaging';

/** Tells in a line each what the system does, as its events say. Returns the way to end it. */
export async function tellNews(natsUrl: string, tell: (line: string) => void): Promise<() => Promise<void>> {
  const connection = await connect(natsUrl, 'provision');
  const bus = createBus(connection, createLogger('launcher', 'error'));
  const say = (at: number, line: string) => tell(`${new Date(at).toISOString().slice(11, 16)}  ${line}`);
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

function describeRun({ kind, state, mode, counts, error, slotId }: RunChanged): string {
  if (state === 'running') return `${kind} sync has begun (${slotId ?? 'on demand'})`;
  if (state === 'failed') return `${kind} sync failed: ${error ?? 'no reason given'}`;
  if (mode === 'observed') return `${kind} sync observed: ${wouldCall(counts)}`;
  const left = counts.deferred > 0 ? `, ${counts.deferred} left for the next slot` : '';
  return `${kind} sync done: ${whatOf(kind, counts)}${left}`;
}

const wouldCall = ({ planned, deferred }: RunCounts): string =>
  `it would call for ${planned - deferred} of ${planned}`;

function whatOf(kind: SyncKind, { synced, stored }: RunCounts): string {
  const thing = kind === 'rider' ? 'club' : 'event';
  const content = { rider: 'riders', near: 'signups', far: 'signups', results: 'results' }[kind];
  return `${synced} ${thing}${synced === 1 ? '' : 's'} with ${stored} ${content}`;
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
    : `ALERT ${notAvailable(source, message ?? '')}. ${advice ?? ''}`;

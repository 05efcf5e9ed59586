import { kindNames, kinds, mapValues, type SyncKind } from '../definition/index.ts';
import { journalEntry } from './journal.ts';
import {
  alert,
  permitReplies,
  permitRequests,
  conflict,
  coordination,
  nothing,
  offer,
  operated,
  operation,
  permitsChanged,
  presence,
  statusQuery,
  windowsQuery,
  windowsView,
} from './limiter.ts';
import {
  alertChanged,
  freshnessMeasured,
  freshnessQuery,
  freshnessReport,
  sourceChanged,
} from './monitoring.ts';
import {
  changeSchedule,
  judgedSchedule,
  judgeSchedule,
  scheduleAnswer,
  scheduleChanged,
} from './schedule.ts';
import {
  addRider,
  bulkMoved,
  commandCancelled,
  commandChanged,
  importRiders,
  runChanged,
  tick,
} from './sync.ts';
import {
  event,
  type EventMessage,
  journal,
  type Message,
  type Delivery,
  type PayloadOf,
  request,
  signal,
  work,
  type WorkMessage,
} from './message.ts';
import { syncServices } from './vocabulary.ts';

/** A tick is held while its run lasts, kept alive by heartbeats; a killed holder is noticed within `ackWaitMs`. */
const tickDelivery: Delivery = { ackWaitMs: 6_000, maxDeliver: 20, concurrency: 1 };
const commandDelivery: Delivery = { ackWaitMs: 6_000, maxDeliver: 20, concurrency: 200 };

/** The tick of each kind of sync. */
export const tickOf: Readonly<Record<SyncKind, WorkMessage<typeof tick>>> = mapValues(
  kinds,
  ({ service, label }, kind) =>
    work({
      subject: `paceline.tick.${kind}`,
      stream: 'TICKS',
      payload: tick,
      from: ['scheduler', 'api'],
      to: [service],
      delivery: tickDelivery,
      about: `A slot for ${label} has opened.`,
    }),
);

/** As members of the catalog: `tickRider`, `tickNear`, … */
const ticks = Object.fromEntries(
  kindNames.map((kind) => [`tick${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, tickOf[kind]]),
) as { readonly [K in SyncKind as `tick${Capitalize<K>}`]: WorkMessage<typeof tick> };

/** Every subject of the flow. `{name}` in a subject is one token that the sender fills in. */
export const catalog = {
  ...ticks,
  addRider: work({
    subject: 'paceline.command.add-rider',
    stream: 'COMMANDS',
    payload: addRider,
    from: ['api'],
    to: ['rider-sync'],
    delivery: commandDelivery,
    about: 'Add or refresh one rider now.',
  }),
  importRiders: work({
    subject: 'paceline.command.import-riders',
    stream: 'COMMANDS',
    payload: importRiders,
    from: ['api'],
    to: ['rider-sync'],
    delivery: commandDelivery,
    about: 'Add or refresh many riders, whose ids are stored with the command.',
  }),
  scheduleNow: request({
    subject: 'paceline.schedule.now',
    payload: nothing,
    reply: scheduleAnswer,
    from: ['api'],
    to: ['scheduler'],
    about: 'Returns the schedule in force.',
  }),
  judgeSchedule: request({
    subject: 'paceline.schedule.judge',
    payload: judgeSchedule,
    reply: judgedSchedule,
    from: ['api'],
    to: ['scheduler'],
    about: 'Lints and forecasts a schedule; changes nothing.',
  }),
  changeSchedule: request({
    subject: 'paceline.schedule.change',
    payload: changeSchedule,
    reply: scheduleAnswer,
    from: ['api'],
    to: ['scheduler'],
    about: 'Puts another schedule in force, unless lint finds errors in it.',
  }),
  commandCancelled: signal({
    subject: 'paceline.cancelled.command',
    payload: commandCancelled,
    from: ['api'],
    to: ['rider-sync'],
    about: 'A command was cancelled: its requests leave the queue.',
  }),
  ask: request({
    subject: 'paceline.limiter.ask.{partition}',
    payload: permitRequests,
    reply: permitReplies,
    from: syncServices,
    to: ['limiter'],
    about: 'acquire, start, settle and cancel: the requests of one event-loop turn.',
  }),
  status: request({
    subject: 'paceline.limiter.status.{partition}',
    payload: statusQuery,
    reply: coordination,
    from: ['api'],
    to: ['limiter'],
    about: 'Window usage and queue of an account.',
  }),
  windows: request({
    subject: 'paceline.limiter.windows.{partition}',
    payload: windowsQuery,
    reply: windowsView,
    from: ['api', ...syncServices],
    to: ['limiter'],
    about: "An account's windows with their permits and policies, and the requests that wait.",
  }),
  operate: request({
    subject: 'paceline.limiter.operate.{partition}',
    payload: operation,
    reply: operated,
    from: ['api'],
    to: ['limiter'],
    about: 'An operator pauses, resumes or releases a budget, or changes its policy.',
  }),
  freshness: request({
    subject: 'paceline.freshness.report',
    payload: freshnessQuery,
    reply: freshnessReport,
    from: ['api'],
    to: ['event-sync'],
    about: 'How fresh the copies of signups are against their goals, and which calls come next and why.',
  }),
  offer: signal({
    subject: 'paceline.limiter.offer.{client}',
    payload: offer,
    from: ['limiter'],
    to: syncServices,
    about: 'A permit is free for a request that waits.',
  }),
  opened: signal({
    subject: 'paceline.limiter.opened.{partition}',
    payload: nothing,
    from: ['limiter'],
    to: syncServices,
    about: 'A partition has a new owner, whose queue is empty: requests that wait are sent again.',
  }),
  bulkMoved: signal({
    subject: 'paceline.riders.bulk',
    payload: bulkMoved,
    from: ['rider-sync'],
    to: ['rider-sync'],
    about: 'A bulk call for riders was sent, answered or lost.',
  }),
  present: signal({
    subject: 'paceline.limiter.present',
    payload: presence,
    from: ['limiter'],
    to: ['limiter'],
    about: 'A limiter is alive and owns these partitions.',
  }),
  alive: request({
    subject: 'paceline.limiter.alive.{limiter}',
    payload: nothing,
    reply: nothing,
    from: ['limiter'],
    to: ['limiter'],
    about: 'Checks whether a limiter that went silent is still connected.',
  }),
  journal: journal({
    subject: 'paceline.journal.{partition}',
    payload: journalEntry,
    from: ['limiter'],
    to: ['limiter'],
    about: 'The ledger of a partition: a permit is committed only by an append to it.',
  }),
  runChanged: event({
    subject: 'paceline.event.run.changed',
    payload: runChanged,
    from: syncServices,
    to: ['api'],
    about: 'A run has started, made progress or ended.',
  }),
  scheduleChanged: event({
    subject: 'paceline.event.schedule.changed',
    payload: scheduleChanged,
    from: ['scheduler'],
    to: ['api'],
    about: 'Another schedule is in force.',
  }),
  commandChanged: event({
    subject: 'paceline.event.command.changed',
    payload: commandChanged,
    from: ['rider-sync'],
    to: ['api'],
    about: 'A command has made progress or ended.',
  }),
  freshnessMeasured: event({
    subject: 'paceline.event.freshness.measured',
    payload: freshnessMeasured,
    from: ['event-sync'],
    to: ['api'],
    about: 'How fresh the copies of signups are, published at the end of each run over near events.',
  }),
  sourceChanged: event({
    subject: 'paceline.event.source.changed',
    payload: sourceChanged,
    from: syncServices,
    to: ['api'],
    about: 'A source of upstream is no longer available with our key, or available again.',
  }),
  permitsChanged: event({
    subject: 'paceline.event.permits.changed',
    payload: permitsChanged,
    from: ['limiter'],
    to: ['api'],
    about: 'Permits were started, settled or returned.',
  }),
  conflict: event({
    subject: 'paceline.event.conflict',
    payload: conflict,
    from: ['limiter'],
    to: ['api'],
    about: 'One sync waits because of another.',
  }),
  alert: event({
    subject: 'paceline.event.alert',
    payload: alert,
    from: ['limiter'],
    to: ['api'],
    about: 'The limiter reports something that an operator should know.',
  }),
  alertChanged: event({
    subject: 'paceline.event.alert.changed',
    payload: alertChanged,
    from: ['api'],
    to: ['api'],
    about: 'An alert was raised or resolved; published once.',
  }),
} as const satisfies Record<string, Message>;

type Catalog = typeof catalog;

/** The catalog's names of the events. */
export type EventName = {
  [N in keyof Catalog]: Catalog[N] extends EventMessage ? N : never;
}[keyof Catalog];

/** An event and its sequence in the stream. Sequences have no gaps, but may not begin with 1. */
export type StreamedEvent = {
  [N in EventName]: { readonly name: N; readonly sequence: number; readonly payload: PayloadOf<Catalog[N]> };
}[EventName];

const named: ReadonlyArray<readonly [string, Message]> = Object.entries(catalog);

/** Each event by its subject. */
export const eventsBySubject: ReadonlyMap<string, readonly [EventName, EventMessage]> = new Map(
  named.flatMap(([name, message]) =>
    message.kind === 'event' ? [[message.subject, [name as EventName, message] as const] as const] : [],
  ),
);

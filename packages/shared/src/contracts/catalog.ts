import { kindNames, kinds, mapValues, type SyncKind } from '../definition/index.ts';
import { journalEntry } from './journal.ts';
import * as limiter from './limiter.ts';
import * as monitoring from './monitoring.ts';
import * as schedule from './schedule.ts';
import * as sync from './sync.ts';
import type { EventMessage, Message, PayloadOf, SignalMessage, WorkMessage } from './message.ts';
import { type MonitoredService, syncServices } from './vocabulary.ts';

/** Heartbeats extend the ack wait during processing; a message of a killed process is redelivered after `ackWaitMs`. */
const delivery = { ackWaitMs: 6_000, maxDeliver: 20 };

export const tickOf: Readonly<Record<SyncKind, WorkMessage<typeof sync.tick>>> = mapValues(
  kinds,
  ({ service, label }, kind) => ({
    kind: 'work',
    subject: `paceline.tick.${kind}`,
    stream: 'TICKS',
    payload: sync.tick,
    from: ['scheduler', 'api'],
    to: [service],
    delivery: { ...delivery, concurrency: 1 },
    description: `A slot of the ${label} opened.`,
  }),
);

/** The ticks by catalog name: `tickRider`, `tickNear`, … */
const ticks = Object.fromEntries(
  kindNames.map((kind) => [`tick${kind.charAt(0).toUpperCase()}${kind.slice(1)}`, tickOf[kind]]),
) as { readonly [K in SyncKind as `tick${Capitalize<K>}`]: WorkMessage<typeof sync.tick> };

const presenceMessage = (service: MonitoredService): SignalMessage<typeof monitoring.presence> => ({
  kind: 'signal',
  subject: `paceline.presence.${service}`,
  payload: monitoring.presence,
  from: [service],
  to: ['api'],
  description: `A ${service} process is running.`,
});

export const presenceOf = {
  scheduler: presenceMessage('scheduler'),
  limiter: presenceMessage('limiter'),
  'rider-sync': presenceMessage('rider-sync'),
  'event-sync': presenceMessage('event-sync'),
} as const satisfies Readonly<Record<MonitoredService, Message>>;

const command = {
  kind: 'work',
  stream: 'COMMANDS',
  from: ['api'],
  to: ['rider-sync'],
  delivery: { ...delivery, concurrency: 200 },
} as const;
const toScheduler = { kind: 'request', from: ['api'], to: ['scheduler'] } as const;
const toLimiter = { kind: 'request', from: ['api'], to: ['limiter'] } as const;
const toCallers = { kind: 'signal', from: ['limiter'], to: ['api', ...syncServices] } as const;
const event = { kind: 'event', stream: 'EVENTS', to: ['api'] } as const;

/** Every message between services. `{name}` in a subject is one token that the sender fills in. */
export const catalog = {
  ...ticks,
  addRider: {
    ...command,
    subject: 'paceline.command.add-rider',
    payload: sync.addRider,
    description: 'Adds or refreshes one rider now.',
  },
  importRiders: {
    ...command,
    subject: 'paceline.command.import-riders',
    payload: sync.importRiders,
    description: 'Adds or refreshes many riders. Their ids are stored with the command.',
  },
  currentSchedule: {
    ...toScheduler,
    subject: 'paceline.schedule.current',
    payload: limiter.emptyPayload,
    reply: schedule.scheduleReply,
    description: 'Returns the schedule in force.',
  },
  checkSchedule: {
    ...toScheduler,
    subject: 'paceline.schedule.check',
    payload: schedule.checkSchedule,
    reply: schedule.scheduleCheck,
    description: 'Checks a schedule: lint findings and forecast. Changes nothing.',
  },
  changeSchedule: {
    ...toScheduler,
    subject: 'paceline.schedule.change',
    payload: schedule.changeSchedule,
    reply: schedule.scheduleReply,
    description: 'Changes the schedule, unless the check finds errors.',
  },
  commandCancelled: {
    kind: 'signal',
    subject: 'paceline.cancelled.command',
    payload: sync.commandCancelled,
    from: ['api'],
    to: ['rider-sync'],
    description: 'A command was cancelled; its requests leave the queue.',
  },
  requestPermits: {
    ...toLimiter,
    subject: 'paceline.limiter.request.{partition}',
    payload: limiter.permitRequests,
    reply: limiter.permitReplies,
    from: ['api', ...syncServices],
    description:
      'Acquires, starts, settles and cancels permits. Requests of one event-loop turn are batched.',
  },
  status: {
    ...toLimiter,
    subject: 'paceline.limiter.status.{partition}',
    payload: limiter.statusQuery,
    reply: limiter.coordination,
    description: 'Window usage and queue of an account.',
  },
  windows: {
    ...toLimiter,
    subject: 'paceline.limiter.windows.{partition}',
    payload: limiter.windowsQuery,
    reply: limiter.windowsView,
    from: ['api', ...syncServices],
    description: "An account's windows with their permits and policies, and the waiting requests.",
  },
  operate: {
    ...toLimiter,
    subject: 'paceline.limiter.operate.{partition}',
    payload: limiter.operation,
    reply: limiter.operationReply,
    description: 'An operator pauses, resumes or releases a budget, or changes its policy.',
  },
  freshness: {
    kind: 'request',
    subject: 'paceline.freshness.report',
    payload: monitoring.freshnessQuery,
    reply: monitoring.freshnessReport,
    from: ['api'],
    to: ['event-sync'],
    description: 'Freshness of signups against their goals, and the next calls with their reasons.',
  },
  offer: {
    ...toCallers,
    subject: 'paceline.limiter.offer.{client}',
    payload: limiter.offer,
    description: 'A permit is free for a waiting request.',
  },
  partitionClaimed: {
    ...toCallers,
    subject: 'paceline.limiter.claimed.{partition}',
    payload: limiter.emptyPayload,
    description: 'A partition has a new owner with an empty queue: waiting requests are sent again.',
  },
  bulkCallChanged: {
    kind: 'signal',
    subject: 'paceline.riders.bulk',
    payload: sync.bulkCallChanged,
    from: ['rider-sync'],
    to: ['rider-sync'],
    description: 'A bulk call for riders was sent, was answered or failed.',
  },
  heartbeat: {
    kind: 'signal',
    subject: 'paceline.limiter.heartbeat',
    payload: limiter.heartbeat,
    from: ['limiter'],
    to: ['limiter'],
    description: 'A limiter is alive and owns these partitions.',
  },
  ping: {
    ...toLimiter,
    subject: 'paceline.limiter.ping.{limiter}',
    payload: limiter.emptyPayload,
    reply: limiter.emptyPayload,
    from: ['limiter'],
    description: 'Checks whether a limiter that went silent is still connected.',
  },
  schedulerPresence: presenceOf.scheduler,
  limiterPresence: presenceOf.limiter,
  riderSyncPresence: presenceOf['rider-sync'],
  eventSyncPresence: presenceOf['event-sync'],
  journal: {
    kind: 'journal',
    stream: 'LIMITER_JOURNAL',
    subject: 'paceline.journal.{partition}',
    payload: journalEntry,
    from: ['limiter'],
    to: ['limiter'],
    description: 'The ledger of a partition. A permit is committed by an append to it.',
  },
  runChanged: {
    ...event,
    subject: 'paceline.event.run.changed',
    payload: sync.runChanged,
    from: syncServices,
    description: 'A run started, made progress or ended.',
  },
  scheduleChanged: {
    ...event,
    subject: 'paceline.event.schedule.changed',
    payload: schedule.scheduleChanged,
    from: ['scheduler'],
    description: 'The schedule was changed.',
  },
  commandChanged: {
    ...event,
    subject: 'paceline.event.command.changed',
    payload: sync.commandChanged,
    from: ['rider-sync'],
    description: 'A command made progress or ended.',
  },
  freshnessMeasured: {
    ...event,
    subject: 'paceline.event.freshness.measured',
    payload: monitoring.freshnessMeasured,
    from: ['event-sync'],
    description: 'Freshness of signups, published at the end of each run of the near sync.',
  },
  sourceChanged: {
    ...event,
    subject: 'paceline.event.source.changed',
    payload: monitoring.sourceChanged,
    from: syncServices,
    description: 'A source became unavailable with our key, or available again.',
  },
  permitsChanged: {
    ...event,
    subject: 'paceline.event.permits.changed',
    payload: limiter.permitsChanged,
    from: ['limiter'],
    description: 'Permits were started, settled or returned.',
  },
  conflict: {
    ...event,
    subject: 'paceline.event.conflict',
    payload: limiter.conflict,
    from: ['limiter'],
    description: 'A sync waits because of another one.',
  },
  alert: {
    ...event,
    subject: 'paceline.event.alert',
    payload: limiter.alert,
    from: ['limiter'],
    description: 'The limiter reports something that an operator should know.',
  },
  alertChanged: {
    ...event,
    subject: 'paceline.event.alert.changed',
    payload: monitoring.alertChanged,
    from: ['api'],
    description: 'An alert was raised or resolved. Published once.',
  },
} as const satisfies Record<string, Message>;

type Catalog = typeof catalog;

export type EventName = {
  [N in keyof Catalog]: Catalog[N] extends EventMessage ? N : never;
}[keyof Catalog];

/** An event and its stream sequence. Sequences have no gaps, but needn't start at 1. */
export type StreamedEvent = {
  [N in EventName]: { readonly name: N; readonly sequence: number; readonly payload: PayloadOf<Catalog[N]> };
}[EventName];

const named: ReadonlyArray<readonly [string, Message]> = Object.entries(catalog);

export const eventsBySubject: ReadonlyMap<string, readonly [EventName, EventMessage]> = new Map(
  named.flatMap(([name, message]) =>
    message.kind === 'event' ? [[message.subject, [name as EventName, message] as const] as const] : [],
  ),
);

export { asyncApi } from './async-api.ts';
export * from './broker.ts';
export * from './catalog.ts';
export * from './journal.ts';
export * from './limiter.ts';
export {
  deadLetterSubject,
  type Delivery,
  durableOf,
  type EventMessage,
  type JournalMessage,
  type Message,
  type PayloadOf,
  type ReplyOf,
  type RequestMessage,
  type SignalMessage,
  subjectOf,
  subjectPattern,
  type WorkMessage,
} from './message.ts';
export * from './monitoring.ts';
export * from './schedule.ts';
export * from './sync.ts';
export * from './vocabulary.ts';

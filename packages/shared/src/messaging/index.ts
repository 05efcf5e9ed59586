export {
  BadPayload,
  type Bus,
  createBus,
  decode,
  encode,
  isUnavailable,
  retryThroughHandover,
  retryWhileUnavailable,
} from './bus.ts';
export { connect } from './connection.ts';
export { proveDurability, readDurability, recordDurability } from './durability.ts';
export { type OpenBus, openBus } from './open-bus.ts';
export { type StoredEvent, type EventStream, eventStream, consumeEvents } from './events.ts';
export {
  deadLetter,
  done,
  handle,
  type WorkConsumer,
  release,
  retryAfter,
  type Settlement,
} from './handle.ts';
export { brokerOrigin, markBroker } from './origin.ts';
export { journalEntryOf, journalHeaders } from './journal.ts';
export { provision } from './provision.ts';
export { storedMessageId, storedMessageIds, messagingAttributes, publish, signal } from './publish.ts';
export { subscribe, request, RequestFailed, respond, type Responder, respondWith } from './request.ts';
export { type FoundSchedule, openScheduleBucket, type ScheduleBucket } from './schedule-bucket.ts';

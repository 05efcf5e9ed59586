export { brokerTlsVariables, isForbiddenHost, serversOf } from './addresses.ts';
export * from './load.ts';
export * from './slots.ts';
export { callTimeout, duration, formatDuration, type Replicas, slotDuration, timeZone } from './values.ts';
export * from './variables.ts';

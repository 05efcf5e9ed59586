export { brokerTlsVariables, isForbiddenHost, serversOf } from './addresses.ts';
export * from './load.ts';
export * from './slots.ts';
export {
  callTimeout,
  duration,
  estimateTolerance,
  formatDuration,
  port,
  type Replicas,
  slotDuration,
  timeZone,
  wholeNumber,
} from './values.ts';
export * from './variables.ts';

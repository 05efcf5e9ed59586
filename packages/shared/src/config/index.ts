export { brokerTlsVariables, isForbiddenHost, serversOf, upstreamUrl } from './addresses.ts';
export { ConfigError } from './error.ts';
export * from './load.ts';
export * from './slots.ts';
export {
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

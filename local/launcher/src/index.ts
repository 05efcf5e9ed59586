export { printActivity } from './console.ts';
export type { BrokerServer } from './broker.ts';
export type { ServiceRoute } from './services.ts';
export { smallHeap, type SupervisedProcess } from './processes.ts';
export type { RestartableProcess } from './supervise.ts';
export { sandboxClock } from './settings.ts';
export { printHealth } from './health.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';

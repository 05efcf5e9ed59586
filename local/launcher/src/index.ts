export type { BrokerServer } from './broker.ts';
export type { Route } from './members.ts';
export type { Server, Supervised } from './processes.ts';
export { sandboxClock } from './settings.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';

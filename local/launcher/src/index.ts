export type { BrokerServer } from './broker.ts';
export type { Supervised } from './process.ts';
export type { Route, Target } from './route.ts';
export { sandboxClock } from './sandbox-time.ts';
export type { Server } from './server.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';

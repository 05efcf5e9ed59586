export { sandboxClock } from './sandbox-time.ts';
export { type Stack, type StackOptions, startStack } from './stack.ts';

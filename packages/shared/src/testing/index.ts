export { eventually } from './eventually.ts';
export { type TestNats, testNats } from './nats.ts';
export { type TestPostgres, testPostgres } from './postgres.ts';
export { findKubectl, findPromtool } from './checkers.ts';
export { testLog } from './log.ts';
export type { TestServer } from './test-server.ts';

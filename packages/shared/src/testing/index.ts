export { findKubectl, findPromtool } from './checkers.ts';
export { eventually } from './eventually.ts';
export { testLog } from './log.ts';
export { type TestNats, testNats } from './nats.ts';
export { type TestPostgres, testPostgres } from './postgres.ts';
export type { TestServer } from './test-server.ts';

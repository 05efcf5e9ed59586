export { eventually } from './eventually.ts';
export { type TestNats, testNats } from './nats.ts';
export { type TestPostgres, testPostgres } from './postgres.ts';
export { findPromtool } from './promtool.ts';
export type { TestServer } from './test-server.ts';

export { eventually } from './eventually.ts';
export { missingProgram } from './programs.ts';
export { testLog } from './log.ts';
export {
  canRunCluster,
  type TestNats,
  testNats,
  type TestPostgres,
  testPostgres,
  type TestServer,
} from './dedicated-servers.ts';
export { type SlowProxy, startSlowProxy } from './slow-proxy.ts';

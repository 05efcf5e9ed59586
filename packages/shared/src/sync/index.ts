export { answered } from './call-log.ts';
export { callUpstream, type Chosen, type UpstreamCall } from './call.ts';
export { fromInserted } from './excluded.ts';
export { type OpenSync, openSync, type Sync, type SyncConfig, syncVariables } from './open.ts';
export { plainError } from './plain-error.ts';
export { runSlot, type RunWork, saveProgress } from './run.ts';
export type { RunEnding, RunProgress, RunRow, Transaction } from './runs.ts';
export { SourceUnavailable } from './sources.ts';
export { throughOutages } from './through-outages.ts';

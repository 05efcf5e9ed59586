export { callOutcome, callUpstream, type ChosenCall, skippedText } from './call.ts';
export {
  type EndedCall,
  endColumns,
  endsOfCalls,
  type PermittedCall,
  recordCalls,
  recordEnd,
  recordStart,
  removeStart,
} from './call-log.ts';
export { fromInserted, releaseMessage, upsert, type Transaction } from './database.ts';
export { presenceOf, type Verdict } from './doubt.ts';
export { type Doubt, judgeResponse, settleDoubt, storeVerdict } from './doubt-store.ts';
export { type Flow, type FlowModule, openFlows } from './flows.ts';
export {
  type Caller,
  lastCalls,
  nowMs,
  type OpenSync,
  openSync,
  type Sync,
  type SyncConfig,
  syncVariables,
} from './open.ts';
export { type PlanRun, type RunPlan, type RunWork, saveProgress, showWait } from './run.ts';
export type { RunResult, RunProgress, RunRow } from './run-rows.ts';
export { isAvailable, SourceUnavailable } from './sources.ts';

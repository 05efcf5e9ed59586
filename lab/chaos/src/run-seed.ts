import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from './adapters/collect.ts';
import { inflictions } from './adapters/faults.ts';
import type { PacelineApi } from './adapters/http.ts';
import { type ChaosStage, type StageOptions, startStage } from './adapters/stage.ts';
import { drain, startWatch, type Watch } from './adapters/watch.ts';
import type { Accepted, Inflicted, Requested } from './core/evidence.ts';
import type { Fault } from './core/fault.ts';
import { type LoadRequest, planLoad } from './core/load.ts';
import { partsOf } from './core/plan.ts';
import { hasPassed, judge, type SeedVerdict } from './core/verdict.ts';

interface SeedOptions extends StageOptions {
  readonly virtualHours: number;
  readonly faults: readonly Fault[];
  readonly progress: (line: string) => void;
}

/** `folder`: state and logs, kept when a law was violated. */
export type SeedResult = SeedVerdict & {
  readonly faults: readonly Fault[];
  readonly folder: string | undefined;
};

/** Real ms; how long the load can continue until the system has recovered from the last fault. */
const recoveryTimeoutMs = 60_000;

/** Starts the whole system, breaks it under load, waits until it is at rest, and checks the laws. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, virtualHours, scale, faults, progress } = options;
  const stage = await startStage(options);
  let passed = false;
  try {
    const watch = await startWatch(stage);
    const loadStartedAt = stage.real.now();
    const lasts = (virtualHours * 3_600_000) / scale;
    const acceptedAt: number[] = [];
    const enough = new AbortController();
    const log = (line: string) =>
      progress(`seed ${seed} +${((stage.real.now() - loadStartedAt) / 1_000).toFixed(1)} s ${line}`);
    const breaking = async () => {
      const inflicted = await breakThings(stage, options, loadStartedAt, log);
      await allWell(stage, watch, acceptedAt, loadStartedAt + lasts);
      enough.abort();
      return inflicted;
    };
    const [requested, inflicted] = await Promise.all([
      drive(stage, planLoad(seed, lasts + recoveryTimeoutMs), loadStartedAt, enough.signal, acceptedAt),
      breaking(),
    ]);
    const unfinished = await drain(stage, watch);
    log(unfinished.length === 0 ? 'at rest' : unfinished.join('; '));
    const evidence = await collect(stage, seed, { inflicted, requested, acceptedAt, watch, unfinished });
    await watch.stop();
    const verdict = judge(seed, evidence);
    passed = hasPassed(verdict);
    return { ...verdict, faults, folder: passed ? undefined : stage.folder };
  } finally {
    await stage.stop();
    if (passed) await rm(stage.folder, { recursive: true, force: true });
  }
}

/** Inflicts every fault at its time, or once its parts are healed on a slow machine; resolves when all are healed. */
function breakThings(
  stage: ChaosStage,
  { faults, crew }: SeedOptions,
  loadStartedAt: number,
  log: (line: string) => void,
): Promise<Inflicted[]> {
  const { real } = stage;
  const healing = new Map<string, Promise<unknown>>();
  const breakOne = async (fault: Fault, healed: ReadonlyArray<Promise<unknown>>) => {
    await sleep(Math.max(0, loadStartedAt + fault.at - real.now()));
    await Promise.all(healed);
    const startedAt = real.now();
    log(`${fault.kind} ${fault.targets.join(', ')}`);
    const heal = await inflictions[fault.kind](stage, fault);
    // A rolling restart takes its own time.
    if (fault.kind !== 'rolling-restart') await sleep(fault.lasts);
    await heal();
    return { fault, startedAt, healedAt: real.now() };
  };
  return Promise.all(
    faults.map((fault) => {
      const parts = partsOf(fault, crew);
      const broken = breakOne(
        fault,
        parts.flatMap((part) => healing.get(part) ?? []),
      );
      for (const part of parts) healing.set(part, broken);
      return broken;
    }),
  );
}

/** Waits until the planned end of the load and until the system has recovered. */
async function allWell(
  stage: ChaosStage,
  watch: Watch,
  acceptedAt: readonly number[],
  until: number,
): Promise<void> {
  const from = stage.real.now();
  const hasNewer = (times: readonly number[]) => (times.at(-1) ?? 0) > from;
  const well = async () => {
    const called = await stage.upstream.arrivals(0);
    return hasNewer(watch.readyAt) && hasNewer(acceptedAt) && hasNewer(called.map(stage.realTimeOf));
  };
  while (stage.real.now() < from + recoveryTimeoutMs - 5_000) {
    if (stage.real.now() >= until && (await well())) return;
    await sleep(300);
  }
}

/** Sends every request at its time, until `enough`. @param acceptedAt receives the times of accepted requests */
async function drive(
  { api, real }: ChaosStage,
  requests: readonly LoadRequest[],
  loadStartedAt: number,
  enough: AbortSignal,
  acceptedAt: number[],
): Promise<Requested> {
  const accepted: Accepted[] = [];
  const refusals: string[] = [];
  let unanswered = 0;
  const sendOne = async (request: LoadRequest) => {
    const path = request.action === 'retry' ? await failedRunPath(api) : request.path;
    if (path === undefined) return;
    const answer = await api.send('POST', path, request.body);
    if (!answer) {
      unanswered += 1;
      return;
    }
    if (answer.status !== 202) {
      refusals.push(`${request.action}: ${answer.status} ${String(answer.body['title'])}`);
      return;
    }
    acceptedAt.push(real.now());
    const { commandId } = answer.body;
    if (typeof commandId !== 'string') return;
    accepted.push({ at: real.now(), commandId, riderIds: request.riderIds });
    if (request.cancels) await api.send('POST', `/v1/commands/${commandId}/cancel`);
  };
  const sending: Array<Promise<void>> = [];
  for (const request of requests) {
    await sleep(Math.max(0, loadStartedAt + request.at - real.now()));
    if (enough.aborted) break;
    sending.push(sendOne(request));
  }
  await Promise.all(sending);
  return { accepted, unanswered, refusals };
}

/** Undefined: no failed run. */
async function failedRunPath(api: PacelineApi): Promise<string | undefined> {
  const runs = await api
    .call('GET /v1/runs', { query: { state: 'failed', limit: 1 } })
    .catch(() => undefined);
  const [run] = runs?.items ?? [];
  return run && `/v1/runs/${run.runId}/retry`;
}

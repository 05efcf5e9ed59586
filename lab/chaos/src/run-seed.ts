import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { collect } from './adapters/collect.ts';
import { inflictions } from './adapters/faults.ts';
import type { Api } from './adapters/http.ts';
import { type Stage, type StageOptions, startStage } from './adapters/stage.ts';
import { drain, startWatch, type Watch } from './adapters/watch.ts';
import type { Accepted, Inflicted, Requested } from './core/evidence.ts';
import type { Fault } from './core/fault.ts';
import { type LoadRequest, planLoad } from './core/load.ts';
import { hasPassed, judge, type SeedVerdict } from './core/verdict.ts';

interface SeedOptions extends StageOptions {
  readonly virtualHours: number;
  readonly faults: readonly Fault[];
  readonly progress: (line: string) => void;
}

/** The verdict, and where state and logs are when a law was broken. */
export type SeedResult = SeedVerdict & {
  readonly faults: readonly Fault[];
  readonly folder: string | undefined;
};

/** Real ms for which the load goes on, at the most, until the last fault is got over. */
const patienceMs = 60_000;

/** Starts the whole system, breaks it under load as the seed says, lets it come to rest, and judges it. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, virtualHours, scale, faults, progress } = options;
  const stage = await startStage(options);
  let passed = false;
  try {
    const watch = await startWatch(stage);
    const begins = stage.real.now();
    const lasts = (virtualHours * 3_600_000) / scale;
    const acceptedAt: number[] = [];
    const enough = new AbortController();
    const tell = (line: string) =>
      progress(`seed ${seed} +${((stage.real.now() - begins) / 1_000).toFixed(1)} s ${line}`);
    const breaking = async () => {
      const inflicted = await breakThings(stage, faults, begins, tell);
      await allWell(stage, watch, acceptedAt, begins + lasts);
      enough.abort();
      return inflicted;
    };
    const [requested, inflicted] = await Promise.all([
      drive(stage, planLoad(seed, lasts + patienceMs), begins, enough.signal, acceptedAt),
      breaking(),
    ]);
    const unfinished = await drain(stage, watch);
    tell(unfinished.length === 0 ? 'has come to rest' : unfinished.join('; '));
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

/** Breaks everything at its moment and heals it again; returns when all is healed. */
const breakThings = (
  stage: Stage,
  faults: readonly Fault[],
  begins: number,
  tell: (line: string) => void,
): Promise<Inflicted[]> =>
  Promise.all(
    faults.map(async (fault) => {
      const { real } = stage;
      await sleep(begins + fault.at - real.now());
      const began = real.now();
      tell(`${fault.kind} ${fault.targets.join(', ')}`);
      const heal = await inflictions[fault.kind](stage, fault);
      // A restart of everything takes what it takes.
      if (fault.kind !== 'rolling-restart') await sleep(began + fault.lasts - real.now());
      await heal();
      return { fault, began, healed: real.now() };
    }),
  );

/** The load goes on for its time, and until all is well again. */
async function allWell(
  stage: Stage,
  watch: Watch,
  acceptedAt: readonly number[],
  until: number,
): Promise<void> {
  const from = stage.real.now();
  const isSince = (moments: readonly number[]) => (moments.at(-1) ?? 0) > from;
  const well = async () => {
    const called = await stage.upstream.arrivals(0);
    return isSince(watch.readyAt) && isSince(acceptedAt) && isSince(called.map(stage.realMoment));
  };
  while (stage.real.now() < from + patienceMs - 5_000) {
    if (stage.real.now() >= until && (await well())) return;
    await sleep(300);
  }
}

/** Sends every request at its moment, until the signal. @param acceptedAt notes when anything was accepted */
async function drive(
  { api, real }: Stage,
  requests: readonly LoadRequest[],
  begins: number,
  enough: AbortSignal,
  acceptedAt: number[],
): Promise<Requested> {
  const accepted: Accepted[] = [];
  const refusals: string[] = [];
  let unanswered = 0;
  const sendOne = async (request: LoadRequest) => {
    const path = request.does === 'retry' ? await failedRunPath(api) : request.path;
    if (path === undefined) return;
    const answer = await api.send('POST', path, request.body);
    if (!answer) {
      unanswered += 1;
      return;
    }
    if (answer.status !== 202) {
      refusals.push(`${request.does}: ${answer.status} ${String(answer.body['title'])}`);
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
    await sleep(begins + request.at - real.now());
    if (enough.aborted) break;
    sending.push(sendOne(request));
  }
  await Promise.all(sending);
  return { accepted, unanswered, refusals };
}

/** Undefined: there is nothing to retry. */
async function failedRunPath(api: Api): Promise<string | undefined> {
  const runs = await api
    .call('GET /v1/runs', { query: { state: 'failed', limit: 1 } })
    .catch(() => undefined);
  const [run] = runs?.items ?? [];
  return run && `/v1/runs/${run.id}/retry`;
}

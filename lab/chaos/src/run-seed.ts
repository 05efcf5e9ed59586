import { rm } from 'node:fs/promises';
import { setTimeout as sleep } from 'node:timers/promises';
import { breakThings } from './adapters/break.ts';
import { collect } from './adapters/collect.ts';
import { drain } from './adapters/drain.ts';
import { drive } from './adapters/drive.ts';
import { type Stage, startStage } from './adapters/stage.ts';
import { startWatch, type Watch } from './adapters/watch.ts';
import type { Crew, Fault } from './core/fault.ts';
import { planLoad } from './core/load.ts';
import { hasPassed, judge, type Verdict } from './core/verdict.ts';

export interface SeedOptions {
  readonly seed: number;
  readonly virtualHours: number;
  readonly scale: number;
  readonly crew: Crew;
  readonly replicas: string;
  readonly faults: readonly Fault[];
  readonly tell: (line: string) => void;
}

/** The verdict, and where state and logs are when a law was broken. */
export type SeedResult = Verdict & { readonly faults: readonly Fault[]; readonly folder: string | undefined };

/** Real ms for which the load goes on, at the most, until the last fault is got over. */
const patienceMs = 60_000;

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

/** Starts the whole system, breaks it under load as the seed says, lets it come to rest, and judges it. */
export async function runSeed(options: SeedOptions): Promise<SeedResult> {
  const { seed, virtualHours, scale, crew, replicas, faults, tell } = options;
  const stage = await startStage({ scale, seed, brokers: crew.brokers.length, replicas });
  let passed = false;
  try {
    const watch = await startWatch(stage);
    const begins = stage.real.now();
    const lasts = (virtualHours * 3_600_000) / scale;
    const acceptedAt: number[] = [];
    const enough = new AbortController();
    const seconds = () => `+${((stage.real.now() - begins) / 1_000).toFixed(1)} s`;
    const breaking = async () => {
      const inflicted = await breakThings(stage, faults, begins, (line) =>
        tell(`seed ${seed} ${seconds()} ${line}`),
      );
      await allWell(stage, watch, acceptedAt, begins + lasts);
      enough.abort();
      return inflicted;
    };
    const asks = planLoad(seed, lasts + patienceMs);
    const [driven, inflicted] = await Promise.all([
      drive(stage, asks, begins, enough.signal, acceptedAt),
      breaking(),
    ]);
    const unfinished = await drain(stage, watch);
    tell(`seed ${seed} ${seconds()} ${unfinished.length === 0 ? 'has come to rest' : unfinished.join('; ')}`);
    const evidence = await collect(stage, seed, inflicted, driven, acceptedAt, watch, unfinished);
    await watch.stop();
    const verdict = judge(seed, evidence);
    passed = hasPassed(verdict);
    return { ...verdict, faults, folder: passed ? undefined : stage.folder };
  } finally {
    await stage.stop();
    if (passed) await rm(stage.folder, { recursive: true, force: true });
  }
}

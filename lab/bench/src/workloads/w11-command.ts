import { addRider, cpuPerUnit, type LoadResult, runLoad, together } from '@paceline/kit/load';
import { quantile } from '@paceline/kit/statistics';
import { digits, percent, times } from '@paceline/kit/table';
import { busyContenders, onAll } from '../contenders/command-systems.ts';
import type { CommandSystem } from '../contenders/hand-built/system.ts';
import { tableOf, type Workload, type WorkloadOutcome } from '../report.ts';
import { bare } from '../contenders/hand-built/bare.ts';
import { against, contenderColumns } from './comparison.ts';

const inFlights = [16, 64] as const;
const rounds = 4;
const warmUpMs = 3_000;
const lastsMs = 1_500;

/** A load on a system, whose accepted commands have ended when it returns. */
async function load(system: CommandSystem, inFlight: number, until: '202' | 'done', lasts = lastsMs) {
  const { urls, processes, ended } = system;
  const result = await runLoad(processes, { inFlight, lasts, once: () => addRider(urls, until) });
  if (result.refused > 0) throw new Error(`${result.refused} requests were refused`);
  await ended();
  return result;
}

/** The systems take turns, so that other work on the machine is the same for each. */
async function measureAll(systems: readonly CommandSystem[], inFlight: number) {
  const loads = systems.map(() => ({ done: [] as LoadResult[], accepted: [] as LoadResult[] }));
  for (let round = 0; round < rounds; round += 1) {
    for (const [index, system] of systems.entries()) {
      loads[index]?.done.push(await load(system, inFlight, 'done'));
      loads[index]?.accepted.push(await load(system, inFlight, '202'));
    }
  }
  return loads.map(({ done, accepted }) => figuresOf(inFlight, together(done), together(accepted)));
}

function figuresOf(inFlight: number, done: LoadResult, accepted: LoadResult) {
  const cpu = cpuPerUnit(done);
  return {
    inFlight,
    perSecond: done.perSecond,
    p50: quantile(done.took, 0.5),
    p99: quantile(done.took, 0.99),
    cpu: cpu.system,
    others: done.cpu.others / done.ms,
    most: cpu.of.filter(({ name }) => name !== 'client' && name !== 'sandbox').slice(0, 4),
    acceptedP50: quantile(accepted.took, 0.5),
    acceptedP99: quantile(accepted.took, 0.99),
  };
}

async function run(report: (line: string) => void): Promise<WorkloadOutcome> {
  report('starting Paceline and the peers');
  const measured = await onAll(busyContenders, async (systems) => {
    for (const system of systems) await load(system, inFlights[0], 'done', warmUpMs);
    const all = [];
    for (const inFlight of inFlights) {
      report(`${inFlight} in flight, the systems in turn`);
      all.push(await measureAll(systems, inFlight));
    }
    return all;
  });
  const results = busyContenders.flatMap(({ contender }, index) =>
    measured.flatMap((at) => at.slice(index, index + 1).map((figures) => ({ contender, ...figures }))),
  );
  const [ours] = results;
  if (!ours) throw new Error('nothing was measured of Paceline');
  const oursAt = (inFlight: number) => results.find((each) => each.inFlight === inFlight) ?? ours;
  const isOurs = (each: (typeof results)[number]) => each.contender === ours.contender;
  const others = results.filter((each) => !isOurs(each) && each.inFlight === ours.inFlight);
  const peers = others.filter(({ contender }) => contender.name !== bare.name);
  const path = others.find(({ contender }) => contender.name === bare.name) ?? ours;
  return {
    ...tableOf(results, {
      ...contenderColumns,
      'in flight': [({ inFlight }) => inFlight],
      'commands/s': [({ perSecond }) => perSecond, digits],
      'p50 ms to done': [({ p50 }) => p50, digits],
      'p99 ms to done': [({ p99 }) => p99, digits],
      'p50 ms to 202': [({ acceptedP50 }) => acceptedP50, digits],
      'p99 ms to 202': [({ acceptedP99 }) => acceptedP99, digits],
      'CPU ms each': [({ cpu }) => cpu, digits],
      'CPU of others': [({ others }) => others, percent],
      'of it': [({ most }) => most.map(({ name, ms }) => `${name} ${digits(ms)}`).join(', ')],
      'Paceline is … times as fast': [
        (each) => (isOurs(each) ? '' : oursAt(each.inFlight).perSecond / each.perSecond),
        times,
      ],
      '… and needs … of the CPU': [
        (each) => (isOurs(each) ? '' : oursAt(each.inFlight).cpu / each.cpu),
        times,
      ],
    }),
    notes: [
      `\`POST /v1/riders\` with a new rider: until the answer to \`Prefer: wait\` with the stored rider, then until the 202. All systems run, each with its own Postgres (synced commits) and its own sandbox with limits that are not the bound; after ${warmUpMs / 1_000} s to warm up they take ${rounds} turns of ${lastsMs / 1_000} s. CPU: of all processes of the system with its servers, without the sandbox and the load generator, for each command until it is done; of others: of a core, by all other work on the machine meanwhile, the other systems at rest included.`,
      'The peers are what a team would build instead, for the same work: a server process checks the request, stores the command and queues a job; a worker process with 64 jobs at a time takes a permit, calls upstream, and stores rider, history, call and end of the command in one statement. All statements are prepared.',
      'The bare path is what is left to save: a server, a limiter and a worker with the messages, journal entry, statements and call of our path, and nothing that is decided about them.',
      'What the peers do not do: count a window from the answer, so that it is exact whatever the network does (theirs counts from the start of a job); journal each permit; record a call before it is sent; rank requests and estimate when they run; show progress; cancel; trace and measure; judge which copies are stale. With bullmq a crash between the two stores leaves a command without its job.',
    ],
    summary: {
      measure: 'commands/s to done; CPU each',
      ours: `${digits(ours.perSecond)}; ${digits(ours.cpu)} ms`,
      against: against(
        peers,
        (each) => `${times(ours.perSecond / each.perSecond)}; CPU ${times(each.cpu / ours.cpu)}`,
      ),
      met: ours.perSecond >= 350 && ours.cpu <= 5,
      remark: `${ours.inFlight} in flight; until the 202 p50 ${digits(ours.acceptedP50)} ms, p99 ${digits(ours.acceptedP99)} ms. The peers do less for each command, which the notes list. The bare path, without anything that Paceline decides, makes ${digits(path.perSecond)}/s with ${digits(path.cpu)} ms of CPU each`,
    },
  };
}

export const command: Workload = {
  id: 'W11',
  title: 'A command, from POST to the stored rider',
  goal: '≥ 350 a second and ≤ 5 ms of CPU each',
  run,
};

import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { createWorld } from '@paceline/sandbox';
import type { CommandEnd, Evidence, Exit, Inflicted, RunEnd } from '../core/evidence.ts';
import type { Driven } from './drive.ts';
import { countLost, readErrors } from './logs.ts';
import type { Said, Stage } from './stage.ts';
import { strangersRider } from './upstream.ts';
import { lookAtStreams } from './waiting.ts';
import type { Watch } from './watch.ts';

const auditor = join(import.meta.dirname, '../../../auditor/src/main.ts');
const club = 20650;

/** Everything that the laws are about. @param unfinished what did not come to an end */
export async function collect(
  stage: Stage,
  seed: number,
  inflicted: readonly Inflicted[],
  driven: Driven,
  acceptedAt: readonly number[],
  watch: Watch,
  unfinished: readonly string[],
): Promise<Evidence> {
  const { api, upstream } = stage;
  const arrivals = (await upstream.arrivals(0)).map((arrival) => ({
    ...arrival,
    realAt: stage.realMoment(arrival),
    isStrangers: arrival.path.includes(String(strangersRider)),
  }));
  const commands = await api.all<CommandEnd>('/v1/commands');
  const riderIds = (await api.all<{ riderId: number }>('/v1/riders')).map(({ riderId }) => riderId);
  const members = await api.all<{ riderId: number }>(`/v1/riders?clubId=${club}`);
  const world = createWorld(seed);
  const events = await api.all<{ eventId: string; fetchedAt: string }>('/v1/events');
  const { deadLetters } = await lookAtStreams(stage);
  return {
    inflicted,
    signs: {
      ready: watch.readyAt,
      accepted: acceptedAt,
      called: arrivals.filter(({ isStrangers }) => !isStrangers).map(({ realAt }) => realAt),
    },
    arrivals,
    judgements: await upstream.judgements(),
    auditFindings: await auditJournal(stage, arrivals),
    accepted: driven.accepted,
    unanswered: driven.unanswered,
    refusals: driven.refusals,
    commands,
    importedAndLost: await lostOfImports(stage, commands, new Set(riderIds)),
    riderIds,
    club: { size: world.clubs.find(({ id }) => id === club)?.size ?? 0, stored: members.length },
    eventIds: events.map(({ eventId }) => eventId),
    listedEventIds: listed(events, arrivals, stage.clock.now(), (at) =>
      world.upcomingCounts(at).map(({ id }) => String(id)),
    ),
    runs: await api.all<RunEnd>('/v1/runs'),
    runsOfSlots: watch.runsOfSlots,
    waiting: unfinished,
    deadLetters,
    notReady: await watch.notReady(),
    exits: stage.said.flatMap(exitOf),
    errors: await readErrors(stage.folder),
    lostByBroker: await countLost(stage.folder),
  };
}

const exitOf = ({ at, line }: Said): Exit[] => {
  const [, name, how] = /^(\S+) ended with (.+?) \(see/.exec(line) ?? [];
  return name && how ? [{ at, name, how }] : [];
};

interface Finding {
  readonly breach: boolean;
  readonly kind: string;
  readonly says: string;
}

/**
 * What the auditor finds wrong, in its own words; whatever keeps it from looking is wrong too. It is shown our arrivals
 * only: it could take a stranger's for one of ours.
 */
async function auditJournal({ stack, clock }: Stage, arrivals: Evidence['arrivals']): Promise<string[]> {
  const ours = JSON.stringify({
    arrivals: arrivals.filter(({ isStrangers }) => !isStrangers),
    clock: { zero: clock.at(0), scale: clock.scale },
  });
  const log = createServer((_, response) => response.end(ours)).listen(0, '127.0.0.1');
  await once(log, 'listening');
  const { port } = log.address() as AddressInfo;
  const child = spawn(process.execPath, [auditor, '--json', '--sandbox', `http://127.0.0.1:${port}`], {
    env: { PATH: process.env.PATH, NATS_URL: stack.broker.adminUrl },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [said, complaints] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    once(child, 'close'),
  ]);
  log.close();
  if (!said.startsWith('{')) return [`the auditor could not judge: ${complaints}`];
  const { findings, partitions } = JSON.parse(said) as {
    findings: Finding[];
    partitions: Array<{ findings: Finding[] }>;
  };
  return [...findings, ...partitions.flatMap((each) => each.findings)]
    .filter(({ breach }) => breach)
    .map(({ kind, says }) => `[${kind}] ${says}`);
}

/** Riders of imports that still wait although the import has ended, or are done and not stored. */
async function lostOfImports({ api }: Stage, commands: readonly CommandEnd[], stored: ReadonlySet<number>) {
  const lost: string[] = [];
  for (const { commandId, type } of commands) {
    if (type !== 'import-riders') continue;
    const riders = await api.all<{ riderId: number; outcome: string }>(`/v1/commands/${commandId}/riders`);
    const missing = riders.filter(
      ({ riderId, outcome }) => outcome === 'waiting' || (outcome === 'done' && !stored.has(riderId)),
    );
    lost.push(
      ...missing.map(({ riderId, outcome }) => `rider ${riderId} (${outcome}) of import ${commandId}`),
    );
  }
  return lost;
}

/** What a wall clock may have been set off by. */
const clocksOffBy = 11 * 60_000;

/** The events that every list held which may be the one that was stored last. */
function listed(
  events: ReadonlyArray<{ fetchedAt: string }>,
  arrivals: Evidence['arrivals'],
  now: number,
  idsAt: (at: number) => string[],
): string[] {
  const storedAt = Math.max(0, ...events.map(({ fetchedAt }) => Date.parse(fetchedAt)));
  const lists = arrivals
    .filter(
      ({ budget, verdict, path }) =>
        budget === 'events' && verdict === 'accepted' && path.endsWith('/upcoming'),
    )
    .filter(({ arrivedAt }) => Math.abs(arrivedAt - storedAt) <= clocksOffBy)
    .map(({ arrivedAt }) => new Set(idsAt(arrivedAt)));
  if (lists.length === 0) return [];
  // What has begun since is told of no more.
  return idsAt(now).filter((id) => lists.every((list) => list.has(id)));
}

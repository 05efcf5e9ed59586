import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runAuditor } from '@paceline/kit/rig';
import { createWorld } from '@paceline/sandbox';
import type { CommandEnd, Evidence, ProcessExit, Inflicted, LogLine, Requested } from '../core/evidence.ts';
import { strangersRider } from './http.ts';
import type { Said, Stage } from './stage.ts';
import { lookAtStreams } from './streams.ts';
import type { Watch } from './watch.ts';

const club = 20650;

interface Happened {
  readonly inflicted: readonly Inflicted[];
  readonly requested: Requested;
  readonly acceptedAt: readonly number[];
  readonly watch: Watch;
  /** What did not come to an end. */
  readonly unfinished: readonly string[];
}

/** Everything that the laws are about. */
export async function collect(stage: Stage, seed: number, happened: Happened): Promise<Evidence> {
  const { inflicted, requested, acceptedAt, watch, unfinished } = happened;
  const { api, upstream } = stage;
  const arrivals = (await upstream.arrivals(0)).map((arrival) => ({
    ...arrival,
    realAt: stage.realMoment(arrival),
    isStrangers: arrival.path.includes(String(strangersRider)),
  }));
  const commands = await api.all('GET /v1/commands');
  const riderIds = (await api.all('GET /v1/riders')).map(({ riderId }) => riderId);
  const members = await api.all('GET /v1/riders', { query: { clubId: club } });
  const world = createWorld(seed);
  const events = await api.all('GET /v1/events');
  const { deadLetters } = await lookAtStreams(stage.stack.broker.adminUrl);
  return {
    ...requested,
    inflicted,
    signs: {
      ready: watch.readyAt,
      accepted: acceptedAt,
      called: arrivals.filter(({ isStrangers }) => !isStrangers).map(({ realAt }) => realAt),
    },
    arrivals,
    judgements: await upstream.judgements(),
    auditFindings: await auditJournal(stage, arrivals),
    commands,
    importedAndLost: await lostOfImports(stage, commands, new Set(riderIds)),
    riderIds,
    club: { size: world.clubs.find(({ id }) => id === club)?.size ?? 0, stored: members.length },
    eventIds: events.map(({ eventId }) => eventId),
    listedEventIds: listed(events, arrivals, stage.clock.now(), (at) =>
      world.upcomingCounts(at).map(({ id }) => String(id)),
    ),
    runs: await api.all('GET /v1/runs'),
    runsOfSlots: watch.runsOfSlots,
    waiting: unfinished,
    deadLetters,
    notReady: await watch.notReady(),
    exits: stage.said.flatMap(exitOf),
    errors: await linesLike(stage.folder, /"level":"(error|fatal)"/),
    lostByBroker: (await linesLike(stage.folder, /"msg":"the broker had lost a command/)).length,
  };
}

const exitOf = ({ at, line }: Said): ProcessExit[] => {
  const [, name, how] = /^(\S+) ended with (.+?) \(see/.exec(line) ?? [];
  return name && how ? [{ at, name, how }] : [];
};

interface AuditFinding {
  readonly breach: boolean;
  readonly kind: string;
  readonly says: string;
}

/** What the auditor finds, shown our arrivals only: it could take a stranger's for ours. Not being able to is wrong too. */
async function auditJournal({ stack, clock }: Stage, arrivals: Evidence['arrivals']): Promise<string[]> {
  const ours = JSON.stringify({
    arrivals: arrivals.filter(({ isStrangers }) => !isStrangers),
    clock: { zero: clock.at(0), scale: clock.scale },
  });
  const log = createServer((_, response) => response.end(ours)).listen(0, '127.0.0.1');
  await once(log, 'listening');
  const { port } = log.address() as AddressInfo;
  const { out, error } = await runAuditor(
    stack.broker.adminUrl,
    '--json',
    '--sandbox',
    `http://127.0.0.1:${port}`,
  );
  log.close();
  if (!out.startsWith('{')) return [`the auditor could not judge: ${error}`];
  const { findings, partitions } = JSON.parse(out) as {
    findings: AuditFinding[];
    partitions: Array<{ findings: AuditFinding[] }>;
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
    const riders = await api.all('GET /v1/commands/{commandId}/riders', { path: { commandId } });
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

/** What the logs have of it, in their order. */
async function linesLike(folder: string, like: RegExp): Promise<LogLine[]> {
  const logs = join(folder, 'logs');
  const found: LogLine[] = [];
  for (const file of await readdir(logs)) {
    for (const line of (await readFile(join(logs, file), 'utf8')).split('\n')) {
      if (!like.test(line)) continue;
      const entry = parse(line);
      if (entry) found.push({ ...entry, service: file.replace(/\.log.*$/, '') });
    }
  }
  return found;
}

function parse(line: string): Omit<LogLine, 'service'> | undefined {
  try {
    const { time, level, msg, err } = JSON.parse(line) as {
      time: string | number;
      level: LogLine['level'];
      msg: string;
      err?: { message?: string };
    };
    return { at: new Date(time).getTime(), level, message: err?.message ? `${msg}: ${err.message}` : msg };
  } catch {
    return undefined;
  }
}

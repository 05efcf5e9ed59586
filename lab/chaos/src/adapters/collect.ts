import { once } from 'node:events';
import { readdir, readFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { join } from 'node:path';
import { runAuditor } from '@paceline/kit/rig';
import { createWorld } from '@paceline/sandbox';
import type { CommandEnd, Evidence, ProcessExit, Inflicted, ErrorLine, Requested } from '../core/evidence.ts';
import { foreignRider } from './http.ts';
import type { ReportLine, ChaosStage } from './stage.ts';
import { readStreams } from './streams.ts';
import type { Watch } from './watch.ts';

const club = 20650;

interface Observed {
  readonly inflicted: readonly Inflicted[];
  readonly requested: Requested;
  readonly acceptedAt: readonly number[];
  readonly watch: Watch;
  /** Work that did not end. */
  readonly unfinished: readonly string[];
}

/** Gathers everything that the laws check. */
export async function collect(stage: ChaosStage, seed: number, observed: Observed): Promise<Evidence> {
  const { inflicted, requested, acceptedAt, watch, unfinished } = observed;
  const { api, upstream } = stage;
  const arrivals = (await upstream.arrivals(0)).map((arrival) => ({
    ...arrival,
    realAt: stage.realTimeOf(arrival),
    isForeign: arrival.path.includes(String(foreignRider)),
  }));
  const commands = await api.all('GET /v1/commands');
  const riderIds = (await api.all('GET /v1/riders')).map(({ riderId }) => riderId);
  const members = await api.all('GET /v1/riders', { query: { clubId: club } });
  const world = createWorld(seed);
  const events = await api.all('GET /v1/events');
  const { deadLetters } = await readStreams(stage.stack.broker.adminUrl);
  return {
    ...requested,
    inflicted,
    signs: {
      ready: watch.readyAt,
      accepted: acceptedAt,
      called: arrivals.filter(({ isForeign }) => !isForeign).map(({ realAt }) => realAt),
    },
    arrivals,
    judgements: await upstream.judgements(),
    ...(await auditJournal(stage, arrivals)),
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
    exits: stage.reported.flatMap(exitOf),
    errors: await linesLike(stage.folder, /"level":"(error|fatal)"/),
    journalLosses: (await linesLike(stage.folder, /"msg":"The broker lost /)).map(({ message }) => message),
    journalAlerts: (await api.all('GET /v1/alerts', { query: { type: 'journal_lost' } })).map(
      ({ resolvedAt }) => ({ isOpen: resolvedAt === null }),
    ),
    lostByBroker: (await linesLike(stage.folder, /"msg":"command lost by the broker/)).length,
  };
}

const exitOf = ({ at, line }: ReportLine): ProcessExit[] => {
  const [, name, how] = /^(\S+) (?:exited with|was ended by) (.+?), restarting/.exec(line) ?? [];
  return name && how ? [{ at, name, how }] : [];
};

interface AuditFinding {
  readonly violation: boolean;
  readonly sequence?: number;
  readonly kind: string;
  readonly message: string;
}

/**
 * What the auditor found, or its failure, and whether the journal of our account was lost. It sees only our arrivals, as it
 * could take a foreign one for ours.
 */
async function auditJournal(
  { stack, clock, folder }: ChaosStage,
  arrivals: Evidence['arrivals'],
): Promise<Pick<Evidence, 'auditFindings' | 'isJournalLost'>> {
  const ours = JSON.stringify({
    arrivals: arrivals.filter(({ isForeign }) => !isForeign),
    clock: { zero: clock.at(0), scale: clock.scale },
  });
  const log = createServer((_, response) => response.end(ours)).listen(0, '127.0.0.1');
  await once(log, 'listening');
  const { port } = log.address() as AddressInfo;
  const journal = join(folder, 'journal.jsonl');
  const args = ['--json', '--save', journal, '--sandbox', `http://127.0.0.1:${port}`];
  const { out, error } = await runAuditor(stack.broker.adminUrl, args);
  log.close();
  if (!out.startsWith('{'))
    return { auditFindings: [{ kind: 'not_possible', message: error }], isJournalLost: false };
  const { findings, partitions } = JSON.parse(out) as {
    findings: AuditFinding[];
    partitions: Array<{ accounts: unknown[]; findings: AuditFinding[] }>;
  };
  const violations = [...findings, ...partitions.flatMap((each) => each.findings)].filter(
    ({ violation }) => violation,
  );
  const stored = (await readFile(journal, 'utf8')).trim().split('\n');
  const storedAt = new Map(
    stored.map((line) => {
      const entry = JSON.parse(line) as { sequence: number; storedAt: number };
      return [entry.sequence, entry.storedAt] as const;
    }),
  );
  return {
    auditFindings: violations.map(({ kind, message, sequence = 0 }) => ({
      kind,
      message,
      at: storedAt.get(sequence),
    })),
    isJournalLost: partitions.some(
      ({ accounts, findings: its }) => accounts.length > 0 && its.some(({ kind }) => kind === 'journal_lost'),
    ),
  };
}

/** Riders of imports that still wait, or that are done but not stored. */
async function lostOfImports(
  { api }: ChaosStage,
  commands: readonly CommandEnd[],
  stored: ReadonlySet<number>,
) {
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

/** Largest offset of a wall clock. */
const clocksOffBy = 11 * 60_000;

/** Events on every list that can be the last stored one. */
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
  // Events that have started since are no longer listed.
  return idsAt(now).filter((id) => lists.every((list) => list.has(id)));
}

/** Log lines that match, in file order. */
async function linesLike(folder: string, like: RegExp): Promise<ErrorLine[]> {
  const logs = join(folder, 'logs');
  const found: ErrorLine[] = [];
  for (const file of await readdir(logs)) {
    for (const line of (await readFile(join(logs, file), 'utf8')).split('\n')) {
      if (!like.test(line)) continue;
      const entry = parse(line);
      if (entry) found.push({ ...entry, service: file.replace(/\.log.*$/, '') });
    }
  }
  return found;
}

function parse(line: string): Omit<ErrorLine, 'service'> | undefined {
  try {
    const { time, level, msg, err } = JSON.parse(line) as {
      time: string | number;
      level: ErrorLine['level'];
      msg: string;
      err?: { message?: string };
    };
    return { at: new Date(time).getTime(), level, message: err?.message ? `${msg}: ${err.message}` : msg };
  } catch {
    return undefined;
  }
}

import type { Evidence, ProcessExit } from './evidence.ts';

type SeenCall = Evidence['arrivals'][number];

/** Real ms after healing during which a fault still explains 429s and log errors. */
const aftermath = 20_000;

const steered = new Set(['policy-stricter', 'policy-looser', 'foreign-caller']);

/** Whether a fault explains a 429 on this call's budget at its time. */
const explained = ({ inflicted }: Evidence, { budget, realAt }: SeenCall): boolean =>
  inflicted.some(
    ({ fault, startedAt, healedAt }) =>
      steered.has(fault.kind) &&
      fault.budget === budget &&
      startedAt <= realAt &&
      realAt <= healedAt + aftermath,
  );

const ours = ({ arrivals }: Evidence) =>
  arrivals.filter(
    ({ isForeign, verdict }) => !isForeign && (verdict === 'accepted' || verdict === 'rejected'),
  );

const when = (at: number) => new Date(at).toISOString().slice(11, 23);

/** Checks arrivals without explained 429s, under the loosest policy in force within the window. */
function exceededWindows(evidence: Evidence): string[] {
  const counted = ours(evidence).filter((call) => call.verdict === 'accepted' || !explained(evidence, call));
  const byBudget = Map.groupBy(counted, ({ budget }) => budget);
  return [...byBudget].flatMap(([budget, calls]) => {
    const inOrder = calls.toSorted((a, b) => a.arrivedAt - b.arrivedAt);
    return inOrder.flatMap((call, index) => {
      const { windowMs } = loosestWindow(call, inOrder, index);
      const within = inOrder
        .slice(0, index + 1)
        .filter(({ arrivedAt }) => arrivedAt > call.arrivedAt - windowMs);
      const most = Math.max(...within.map(({ policy }) => policy?.limit ?? 0));
      if (within.length <= most) return [];
      return [
        `${budget}: ${within.length} calls, limit ${most}, in the window ending at ${when(call.arrivedAt)}`,
      ];
    });
  });
}

/** The shortest window, so the loosest policy, at this call or shortly before. */
function loosestWindow(call: SeenCall, calls: readonly SeenCall[], index: number) {
  const before = calls.slice(Math.max(0, index - 10), index + 1);
  const lengths = before.map(({ policy }) => policy?.windowMs ?? 0);
  return { windowMs: Math.min(call.policy?.windowMs ?? 0, ...lengths) };
}

/** The sandbox's verdict for every way of counting, on budgets without changed limits or foreign calls. */
function wouldBeRejected({ judgements, inflicted }: Evidence): string[] {
  const excused = new Set(
    inflicted.filter(({ fault }) => steered.has(fault.kind)).map((each) => each.fault.budget),
  );
  return judgements
    .filter(({ budget }) => !excused.has(budget))
    .flatMap(({ budget, wouldReject }) =>
      Object.entries(wouldReject)
        .filter(([, calls]) => calls > 0)
        .map(([counting, calls]) => `${budget}: ${calls} under ${counting}`),
    );
}

const unexplainedRejections = (evidence: Evidence): string[] =>
  ours(evidence)
    .filter((call) => call.verdict === 'rejected' && !explained(evidence, call))
    .map(({ budget, path, arrivedAt }) => `${budget}: ${path} at ${when(arrivedAt)}`);

/** Faults after which the journal can lack the start of a call that was made. */
const losing = new Set([
  'power-cut',
  'journal-rewound',
  'journal-truncated',
  'journal-bit-flipped',
  'node-replaced',
]);
/** What the auditor finds if the start of a call is missing and no entry shows it. */
const ofLostStarts = new Set(['never_started', 'returned_arrived']);

const unexplainedFindings = ({ auditFindings, inflicted }: Evidence): string[] =>
  auditFindings
    .filter(({ kind, at = Infinity }) => {
      const isLosing = inflicted.filter(({ fault }) => losing.has(fault.kind));
      return !(ofLostStarts.has(kind) && isLosing.some((each) => isAround(at, each)));
    })
    .map(({ kind, message }) => `[${kind}] ${message}`);

const isAround = (at: number, { startedAt, healedAt }: Evidence['inflicted'][number]): boolean =>
  at >= startedAt - aftermath && at <= healedAt + aftermath;

const ends = new Set(['done', 'failed', 'expired', 'cancelled']);

function commandsWithoutEnd({ accepted, commands }: Evidence): string[] {
  const known = new Map(commands.map((command) => [command.commandId, command]));
  const missing = accepted.filter(({ commandId }) => !known.has(commandId));
  const open = commands.filter(({ state }) => !ends.has(state));
  const withoutReason = commands.filter(
    ({ state, reason }) => ends.has(state) && state !== 'done' && !reason,
  );
  return [
    ...missing.map(({ commandId }) => `${commandId} is missing`),
    ...open.map(({ commandId, type, state }) => `${commandId} (${type}) is ${state}`),
    ...withoutReason.map(({ commandId, state }) => `${commandId} is ${state} without a reason`),
  ];
}

function ridersNotStored({ commands, riderIds, importedAndLost }: Evidence): string[] {
  const stored = new Set(riderIds);
  const missing = commands.filter(
    ({ state, riderId }) => state === 'done' && riderId !== null && !stored.has(riderId),
  );
  return [...missing.map(({ commandId, riderId }) => `rider ${riderId} of ${commandId}`), ...importedAndLost];
}

const duplicatesIn = <T>(items: readonly T[]): T[] =>
  items.filter((item, index) => items.indexOf(item) !== index);

const duplicates = ({ riderIds, eventIds }: Evidence): string[] => [
  ...duplicatesIn(riderIds).map((id) => `rider ${id}`),
  ...duplicatesIn(eventIds).map((id) => `event ${id}`),
];

function ridersAndEventsLost({ club, eventIds, listedEventIds, runs }: Evidence): string[] {
  const wasSynced = runs.some(
    ({ kind, state, counts }) => kind === 'rider' && state !== 'running' && counts.synced > 0,
  );
  const stored = new Set(eventIds);
  return [
    ...(wasSynced && club.stored !== club.size ? [`${club.stored} of ${club.size} riders of the club`] : []),
    ...listedEventIds.filter((id) => !stored.has(id)).map((id) => `event ${id}`),
  ];
}

function slotsRunTwice({ runs, runsOfSlots }: Evidence): string[] {
  const stored = duplicatesIn(runs.map(({ slot }) => slot.slotId));
  const published = [...runsOfSlots].filter(([, ids]) => ids.size > 1).map(([slot]) => slot);
  return [...new Set([...stored, ...published])];
}

/** Real ms; how long after our signal a process can exit. */
const endsWithin = 22_000;

const killing = new Set(['kill', 'kill-several', 'journal-truncated']);

function isOurs({ inflicted }: Evidence, { at, name, how }: ProcessExit): boolean {
  return inflicted.some(({ fault, startedAt, healedAt }) => {
    if (!fault.targets.includes(name)) return false;
    if (killing.has(fault.kind)) return how === 'SIGKILL' && at >= startedAt && at < startedAt + endsWithin;
    // Whether it shut down cleanly is another law.
    return fault.kind === 'rolling-restart' && at >= startedAt && at < healedAt + endsWithin;
  });
}

/** A message that was in progress when the broker lost it is acknowledged in vain, however long its work takes. */
const isLateSettlement = (message: string): boolean => message.startsWith('failed to settle a message');

const unexplainedErrors = ({ errors: lines, inflicted }: Evidence): string[] =>
  lines
    .filter(
      ({ at, level, message }) =>
        level === 'fatal' ||
        !inflicted.some(
          ({ fault, startedAt, healedAt }) =>
            at >= startedAt - 100 &&
            (at <= healedAt + aftermath || (losing.has(fault.kind) && isLateSettlement(message))),
        ),
    )
    .map(({ service, message }) => `${service}: ${message}`);

function missedAlerts({ isJournalLost, journalAlerts }: Evidence): string[] {
  return [
    ...(isJournalLost && journalAlerts.length === 0 ? ['no alert journal_lost'] : []),
    ...(journalAlerts.some(({ isOpen }) => isOpen) ? ['the alert journal_lost is still open'] : []),
  ];
}

/** Laws that hold under any faults, by the label of what must not occur; each returns its violations. */
export const laws: Readonly<Record<string, (evidence: Evidence) => readonly string[]>> = {
  'windows exceeded': exceededWindows,
  'calls that another way of counting would reject': wouldBeRejected,
  "findings of the journal's auditor": unexplainedFindings,
  'calls rejected without a reason': unexplainedRejections,
  'accepted commands without an end, or without a reason': commandsWithoutEnd,
  'riders of done commands that are missing': ridersNotStored,
  'duplicate riders or events': duplicates,
  'lost club members or listed events': ridersAndEventsLost,
  'slots that ran twice': slotsRunTwice,
  'stuck runs': ({ runs }) =>
    runs.filter(({ state }) => state === 'running').map(({ kind, runId }) => `${kind} run ${runId}`),
  'lost journals without an alert, or with one that stays': missedAlerts,
  'work that still waits': ({ waiting }) => waiting,
  'dead letters': ({ deadLetters }) => deadLetters,
  'services that are not ready': ({ notReady }) => notReady,
  'processes that ended by themselves': (evidence) =>
    evidence.exits.filter((exit) => !isOurs(evidence, exit)).map(({ name, how }) => `${name}: ${how}`),
  'log errors that no fault explains': unexplainedErrors,
};

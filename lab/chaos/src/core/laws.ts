import type { Evidence, ProcessExit } from './evidence.ts';

type SeenCall = Evidence['arrivals'][number];

/** Real ms after a fault is healed for which its 429s and its errors in logs are still explained by it. */
const aftermath = 20_000;

const steered = new Set(['policy-stricter', 'policy-looser', 'foreign-caller']);

/** The faults that explain a 429 on this budget at this moment. */
const explained = ({ inflicted }: Evidence, { budget, realAt }: SeenCall): boolean =>
  inflicted.some(
    ({ fault, began, healed }) =>
      steered.has(fault.kind) && fault.budget === budget && began <= realAt && realAt <= healed + aftermath,
  );

const ours = ({ arrivals }: Evidence) =>
  arrivals.filter(
    ({ isStrangers, verdict }) => !isStrangers && (verdict === 'accepted' || verdict === 'rejected'),
  );

const when = (at: number) => new Date(at).toISOString().slice(11, 23);

/** Judged by arrivals alone, without those whose 429 is explained, under the most generous limit that was in force within the window. */
function overFullWindows(evidence: Evidence): string[] {
  const counted = ours(evidence).filter((call) => call.verdict === 'accepted' || !explained(evidence, call));
  const byBudget = Map.groupBy(counted, ({ budget }) => budget);
  return [...byBudget].flatMap(([budget, calls]) => {
    const inOrder = calls.toSorted((a, b) => a.arrivedAt - b.arrivedAt);
    return inOrder.flatMap((call, index) => {
      const { windowMs } = longest(call, inOrder, index);
      const within = inOrder
        .slice(0, index + 1)
        .filter(({ arrivedAt }) => arrivedAt > call.arrivedAt - windowMs);
      const most = Math.max(...within.map(({ policy }) => policy?.limit ?? 0));
      if (within.length <= most) return [];
      return [
        `${budget}: ${within.length} calls of ${most} within the window that ends at ${when(call.arrivedAt)}`,
      ];
    });
  });
}

/** Of the policies that held at this call and just before, the one with the shortest window: the most generous. */
function longest(call: SeenCall, calls: readonly SeenCall[], index: number) {
  const before = calls.slice(Math.max(0, index - 10), index + 1);
  const lengths = before.map(({ policy }) => policy?.windowMs ?? 0);
  return { windowMs: Math.min(call.policy?.windowMs ?? 0, ...lengths) };
}

/** The sandbox's own verdict under every way of counting, where no limit was changed and nobody else has called. */
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

const ends = new Set(['done', 'failed', 'expired']);

function commandsWithoutEnd({ accepted, commands }: Evidence): string[] {
  const known = new Map(commands.map((command) => [command.commandId, command]));
  const gone = accepted.filter(({ commandId }) => !known.has(commandId));
  const open = commands.filter(({ state }) => !ends.has(state));
  const silent = commands.filter(({ state, reason }) => ends.has(state) && state !== 'done' && !reason);
  return [
    ...gone.map(({ commandId }) => `${commandId} is not there`),
    ...open.map(({ commandId, type, state }) => `${commandId} (${type}) is ${state}`),
    ...silent.map(({ commandId, state }) => `${commandId} has ${state} and nobody says why`),
  ];
}

function ridersNotStored({ commands, riderIds, importedAndLost }: Evidence): string[] {
  const there = new Set(riderIds);
  const missing = commands.filter(
    ({ state, riderId }) => state === 'done' && riderId !== null && !there.has(riderId),
  );
  return [...missing.map(({ commandId, riderId }) => `rider ${riderId} of ${commandId}`), ...importedAndLost];
}

const twice = <T>(items: readonly T[]): T[] => items.filter((item, index) => items.indexOf(item) !== index);

const thereTwice = ({ riderIds, eventIds }: Evidence): string[] => [
  ...twice(riderIds).map((id) => `rider ${id}`),
  ...twice(eventIds).map((id) => `event ${id}`),
];

function ridersAndEventsLost({ club, eventIds, listedEventIds, runs }: Evidence): string[] {
  const wasSynced = runs.some(
    ({ kind, state, counts }) => kind === 'rider' && state === 'done' && counts.synced > 0,
  );
  const there = new Set(eventIds);
  return [
    ...(wasSynced && club.stored !== club.size ? [`${club.stored} of ${club.size} riders of the club`] : []),
    ...listedEventIds.filter((id) => !there.has(id)).map((id) => `event ${id}`),
  ];
}

function slotsRunTwice({ runs, runsOfSlots }: Evidence): string[] {
  const stored = twice(runs.map(({ slot }) => slot.id));
  const published = [...runsOfSlots].filter(([, ids]) => ids.size > 1).map(([slot]) => slot);
  return [...new Set([...stored, ...published])];
}

/** Real ms: what an exit of ours may come later than the signal. */
const endsWithin = 22_000;

function isOurs({ inflicted }: Evidence, { at, name, how }: ProcessExit): boolean {
  return inflicted.some(({ fault, began, healed }) => {
    if (!fault.targets.includes(name)) return false;
    if (fault.kind === 'kill' || fault.kind === 'kill-several')
      return how === 'SIGKILL' && at >= began && at < began + endsWithin;
    // Whether it ended in good order is another law.
    return fault.kind === 'rolling-restart' && at >= began && at < healed + endsWithin;
  });
}

const unexplainedErrors = ({ errors: lines, inflicted }: Evidence): string[] =>
  lines
    .filter(
      ({ at, level }) =>
        level === 'fatal' ||
        !inflicted.some(({ began, healed }) => at >= began - 100 && at <= healed + aftermath),
    )
    .map(({ service, message }) => `${service}: ${message}`);

/** What must hold however much was broken: by what is counted and is to be none, each breach in a sentence. */
export const laws: Readonly<Record<string, (evidence: Evidence) => readonly string[]>> = {
  'windows over-full': overFullWindows,
  'calls that another way of counting would reject': wouldBeRejected,
  'findings of the auditor of the journal': ({ auditFindings }) => auditFindings,
  'calls rejected without a reason': unexplainedRejections,
  'accepted commands that have not ended, or without a reason': commandsWithoutEnd,
  'riders of done commands that are not there': ridersNotStored,
  'riders or events that are there twice': thereTwice,
  'riders of the club or listed events that are lost': ridersAndEventsLost,
  'slots that ran twice': slotsRunTwice,
  'runs that are stuck': ({ runs }) =>
    runs.filter(({ state }) => state === 'running').map(({ kind, id }) => `${kind} run ${id}`),
  'things that still wait': ({ waiting }) => waiting,
  'dead letters': ({ deadLetters }) => deadLetters,
  'services that are not ready': ({ notReady }) => notReady,
  'processes that ended by their own doing': (evidence) =>
    evidence.exits.filter((exit) => !isOurs(evidence, exit)).map(({ name, how }) => `${name}: ${how}`),
  'errors in logs that no fault explains': unexplainedErrors,
};

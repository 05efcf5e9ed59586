import { expect, it } from 'vitest';
import type { Evidence, Inflicted } from './evidence.ts';
import type { FaultKind } from './fault.ts';
import { hasPassed, judge, recoveries } from './verdict.ts';

const minute = 60_000;
const fault = (kind: FaultKind, targets: string[] = [], more = {}) => ({
  fault: { kind, at: 0, lasts: 1_000, targets, amount: 0, ...more },
  began: 1_000,
  healed: 2_000,
});

const call = (
  arrivedAt: number,
  more: Partial<Evidence['arrivals'][number]> = {},
): Evidence['arrivals'][number] => ({
  seq: arrivedAt,
  arrivedAt,
  key: 'k',
  budget: 'signups',
  policy: { limit: 1, windowMs: minute },
  method: 'GET',
  path: '/public/event_signups/1',
  verdict: 'accepted',
  realAt: arrivedAt,
  isStrangers: false,
  ...more,
});

const command = { commandId: 'c', type: 'add-rider', riderId: 1, state: 'done', reason: null } as const;
const run = {
  id: 'r',
  kind: 'rider',
  state: 'done',
  slot: { id: 'slot:1' },
  error: null,
  counts: { synced: 1, failed: 0, stored: 1 },
} as const;

const fine: Evidence = {
  inflicted: [fault('freeze', ['api'])],
  signs: { ready: [3_000], accepted: [3_000], called: [3_000] },
  arrivals: [call(0), call(minute)],
  judgements: [],
  auditFindings: [],
  accepted: [{ at: 0, commandId: 'c', riderIds: [1] }],
  unanswered: 0,
  refusals: [],
  commands: [command],
  importedAndLost: [],
  riderIds: [1, 2],
  club: { size: 1, stored: 1 },
  eventIds: ['1', '2'],
  listedEventIds: ['2'],
  runs: [run],
  runsOfSlots: new Map([['slot:1', new Set(['r'])]]),
  waiting: [],
  deadLetters: [],
  notReady: [],
  exits: [],
  errors: [],
  lostByBroker: 0,
};

const broken = (evidence: Partial<Evidence>) =>
  Object.entries(judge(1, { ...fine, ...evidence }).breaches).flatMap(([law, all]) =>
    all.length > 0 ? [law] : [],
  );

it('what went well passes', () => {
  expect(hasPassed(judge(1, fine))).toBe(true);
});

it.each<[string, Partial<Evidence>, string]>([
  ['a second call in a window', { arrivals: [call(0), call(minute - 1)] }, 'windows over-full'],
  ['a 429', { arrivals: [call(0, { verdict: 'rejected' })] }, 'calls rejected without a reason'],
  ['a finding of the auditor', { auditFindings: ['x'] }, 'findings of the auditor of the journal'],
  ['a command that is gone', { commands: [] }, 'accepted commands that have not ended, or without a reason'],
  [
    'a command that still waits',
    { commands: [{ ...command, state: 'running' }] },
    'accepted commands that have not ended, or without a reason',
  ],
  [
    'a failure without a reason',
    { commands: [{ ...command, state: 'failed' }] },
    'accepted commands that have not ended, or without a reason',
  ],
  ['a rider that was not stored', { riderIds: [2] }, 'riders of done commands that are not there'],
  ['a rider that is there twice', { riderIds: [1, 1] }, 'riders or events that are there twice'],
  [
    'a member of the club that is lost',
    { club: { size: 2, stored: 1 } },
    'riders of the club or listed events that are lost',
  ],
  ['an event that is lost', { listedEventIds: ['3'] }, 'riders of the club or listed events that are lost'],
  ['a slot that ran twice', { runs: [run, { ...run, id: 'other' }] }, 'slots that ran twice'],
  [
    'a slot that was told of twice',
    { runsOfSlots: new Map([['s', new Set(['a', 'b'])]]) },
    'slots that ran twice',
  ],
  ['a run that does not end', { runs: [{ ...run, state: 'running' }] }, 'runs that are stuck'],
  ['what still waits', { waiting: ['TICKS: 1'] }, 'things that still wait'],
  ['a dead letter', { deadLetters: ['x'] }, 'dead letters'],
  ['a service that is not ready', { notReady: ['api'] }, 'services that are not ready'],
  [
    'a crash',
    { exits: [{ at: 1_500, name: 'api', how: 'exit code 1' }] },
    'processes that ended by their own doing',
  ],
  [
    'an error out of nothing',
    { errors: [{ at: 90_000, service: 'api', level: 'error', message: 'x' }] },
    'errors in logs that no fault explains',
  ],
  [
    'an uncaught error',
    { errors: [{ at: 1_500, service: 'api', level: 'fatal', message: 'x' }] },
    'errors in logs that no fault explains',
  ],
  ['no recovery', { signs: { ...fine.signs, called: [] } }, 'faults that it did not recover from'],
])('%s does not pass', (_, evidence, law) => {
  expect(broken(evidence)).toEqual([law]);
});

it.each<[string, Partial<Evidence>]>([
  [
    'a 429 while the limit of its budget was stricter',
    {
      inflicted: [fault('policy-stricter', [], { budget: 'signups' })],
      arrivals: [call(1_500, { verdict: 'rejected' })],
    },
  ],
  ['a call of somebody else', { arrivals: [call(0), call(1, { isStrangers: true })] }],
  [
    'a process that was killed',
    { inflicted: [fault('kill', ['api'])], exits: [{ at: 1_100, name: 'api', how: 'SIGKILL' }] },
  ],
  [
    'an error while something is broken',
    { errors: [{ at: 1_500, service: 'api', level: 'error', message: 'x' }] },
  ],
])('%s passes', (_, evidence) => {
  expect(broken(evidence)).toEqual([]);
});

const inflicted = (kind: FaultKind, began: number, healed: number): Inflicted => ({
  fault: { kind, at: began, lasts: healed - began, targets: [], amount: 0 },
  began,
  healed,
});

it('a fault is over when all is ready, something is accepted and a call is made, whichever comes last', () => {
  const signs = { ready: [5, 110, 130], accepted: [90, 140], called: [100, 120] };
  expect(recoveries([inflicted('kill', 80, 95)], signs)).toEqual([{ kind: 'kill', took: 45 }]);
});

it('one that begins before the last one is over is felt with it', () => {
  const signs = { ready: [300, 900], accepted: [300, 900], called: [300, 900] };
  const several = [
    inflicted('kill', 100, 100),
    inflicted('freeze', 200, 250),
    inflicted('database-away', 500, 600),
  ];
  expect(recoveries(several, signs)).toEqual([
    { kind: 'kill', took: 50 },
    { kind: 'freeze', took: 50 },
    { kind: 'database-away', took: 300 },
  ]);
});

it('reports a system that did not recover', () => {
  const signs = { ready: [50], accepted: [150], called: [150] };
  expect(recoveries([inflicted('kill', 100, 100)], signs)).toEqual([{ kind: 'kill', took: undefined }]);
});

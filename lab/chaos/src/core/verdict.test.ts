import { expect, it } from 'vitest';
import type { Evidence, Inflicted } from './evidence.ts';
import type { FaultKind } from './fault.ts';
import { hasPassed, judge, recoveries } from './verdict.ts';

const minute = 60_000;
const fault = (kind: FaultKind, targets: string[] = [], more = {}) => ({
  fault: { kind, at: 0, lasts: 1_000, targets, amount: 0, ...more },
  startedAt: 1_000,
  healedAt: 2_000,
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
  isForeign: false,
  ...more,
});

const command = { commandId: 'c', type: 'add-rider', riderId: 1, state: 'done', reason: null } as const;
const run = {
  runId: 'r',
  kind: 'rider',
  state: 'done',
  slot: { slotId: 'slot:1' },
  reason: null,
  counts: { synced: 1, failed: 0, stored: 1 },
} as const;

const valid: Evidence = {
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
  journalLosses: [],
  isJournalLost: false,
  journalAlerts: [],
  lostByBroker: 0,
};

const violatedLaws = (evidence: Partial<Evidence>) =>
  Object.entries(judge(1, { ...valid, ...evidence }).violations).flatMap(([law, all]) =>
    all.length > 0 ? [law] : [],
  );

it('valid evidence passes', () => {
  expect(hasPassed(judge(1, valid))).toBe(true);
});

it.each<[string, Partial<Evidence>, string]>([
  ['a second call in a window', { arrivals: [call(0), call(minute - 1)] }, 'windows exceeded'],
  ['a 429', { arrivals: [call(0, { verdict: 'rejected' })] }, 'calls rejected without a reason'],
  [
    'a finding of the auditor',
    { auditFindings: [{ kind: 'over_limit', message: 'x' }] },
    "findings of the journal's auditor",
  ],
  [
    'the arrival of a returned call long after a loss',
    {
      inflicted: [fault('power-cut')],
      auditFindings: [{ kind: 'returned_arrived', message: 'x', at: 90_000 }],
    },
    "findings of the journal's auditor",
  ],
  ['a missing command', { commands: [] }, 'accepted commands without an end, or without a reason'],
  [
    'a command that still waits',
    { commands: [{ ...command, state: 'running' }] },
    'accepted commands without an end, or without a reason',
  ],
  [
    'a failure without a reason',
    { commands: [{ ...command, state: 'failed' }] },
    'accepted commands without an end, or without a reason',
  ],
  ['a rider that was not stored', { riderIds: [2] }, 'riders of done commands that are missing'],
  ['a duplicate rider', { riderIds: [1, 1] }, 'duplicate riders or events'],
  ['a lost club member', { club: { size: 2, stored: 1 } }, 'lost club members or listed events'],
  ['a lost event', { listedEventIds: ['3'] }, 'lost club members or listed events'],
  ['a slot that ran twice', { runs: [run, { ...run, runId: 'other' }] }, 'slots that ran twice'],
  [
    'a slot with two published runs',
    { runsOfSlots: new Map([['s', new Set(['a', 'b'])]]) },
    'slots that ran twice',
  ],
  ['a run that does not end', { runs: [{ ...run, state: 'running' }] }, 'stuck runs'],
  [
    'a lost journal without an alert',
    { isJournalLost: true },
    'lost journals without an alert, or with one that stays',
  ],
  [
    'an alert that stays open',
    { isJournalLost: true, journalAlerts: [{ isOpen: true }] },
    'lost journals without an alert, or with one that stays',
  ],
  ['waiting work', { waiting: ['TICKS: 1'] }, 'work that still waits'],
  ['a dead letter', { deadLetters: ['x'] }, 'dead letters'],
  ['a service that is not ready', { notReady: ['api'] }, 'services that are not ready'],
  ['a crash', { exits: [{ at: 1_500, name: 'api', how: 'code 1' }] }, 'processes that ended by themselves'],
  [
    'an error without a fault',
    { errors: [{ at: 90_000, service: 'api', level: 'error', message: 'x' }] },
    'log errors that no fault explains',
  ],
  [
    'an uncaught error',
    { errors: [{ at: 1_500, service: 'api', level: 'fatal', message: 'x' }] },
    'log errors that no fault explains',
  ],
  ['no recovery', { signs: { ...valid.signs, called: [] } }, 'faults without recovery'],
])('%s does not pass', (_, evidence, law) => {
  expect(violatedLaws(evidence)).toEqual([law]);
});

it.each<[string, Partial<Evidence>]>([
  [
    'a 429 while the limit of its budget was stricter',
    {
      inflicted: [fault('policy-stricter', [], { budget: 'signups' })],
      arrivals: [call(1_500, { verdict: 'rejected' })],
    },
  ],
  ['a foreign call', { arrivals: [call(0), call(1, { isForeign: true })] }],
  [
    'a process that was killed',
    { inflicted: [fault('kill', ['api'])], exits: [{ at: 1_100, name: 'api', how: 'SIGKILL' }] },
  ],
  [
    'the acknowledgement of a message that the broker lost long before',
    {
      inflicted: [fault('journal-rewound')],
      errors: [
        { at: 90_000, service: 'api', level: 'error', message: 'failed to settle a message: timeout' },
      ],
    },
  ],
  ['a lost journal whose alert is over', { isJournalLost: true, journalAlerts: [{ isOpen: false }] }],
  [
    'an error while something is broken',
    { errors: [{ at: 1_500, service: 'api', level: 'error', message: 'x' }] },
  ],
])('%s passes', (_, evidence) => {
  expect(violatedLaws(evidence)).toEqual([]);
});

const inflicted = (kind: FaultKind, startedAt: number, healedAt: number): Inflicted => ({
  fault: { kind, at: startedAt, lasts: healedAt - startedAt, targets: [], amount: 0 },
  startedAt,
  healedAt,
});

it('counts the calls that limiters restored', () => {
  const journalLosses = [
    "The broker lost the end of the limiter's journal: 2 calls count again from the call log",
    "The broker lost entries of the limiter's journal: every budget counts as spent for one window",
  ];
  const { figures } = judge(1, { ...valid, journalLosses });
  expect(figures).toMatchObject({ journalsLost: 2, callsRestored: 2 });
});

it('recovery ends when all is ready, a request is accepted and a call is made, whichever is last', () => {
  const signs = { ready: [5, 110, 130], accepted: [90, 140], called: [100, 120] };
  expect(recoveries([inflicted('kill', 80, 95)], signs)).toEqual([{ kind: 'kill', took: 45 }]);
});

it('a fault that starts before the last recovery ends with it', () => {
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

it('recovery is undefined for a system that did not recover', () => {
  const signs = { ready: [50], accepted: [150], called: [150] };
  expect(recoveries([inflicted('kill', 100, 100)], signs)).toEqual([{ kind: 'kill', took: undefined }]);
});

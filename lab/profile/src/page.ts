import { sum } from '@paceline/kit/statistics';
import { digits, percent, table } from '@paceline/kit/table';
import { type AddFigures, inFlight } from './add.ts';
import { type Cost, costsOf, type CpuProfile } from './cpu-profile.ts';
import { goalsOfAdd, goalsOfRest, goalText, isMet } from './goals.ts';
import type { RestFigures } from './rest.ts';

const fixed = (value: number) => value.toFixed(2);
const mebibytes = (bytes: number) => (bytes / 1_048_576).toFixed(0);
const kibibytes = (bytes: number) => (bytes / 1_024).toFixed(0);
const allButFirst = (column: number) => column > 0;
const allButLast = (column: number) => column < 2;
/** Rarer statements are summed up. */
const shownPerAdd = 0.05;
const shownPerSecond = 0.05;
const textLength = 110;

/** The goals of the parts that were measured. */
export function goalTable(add: AddFigures | undefined, rest: RestFigures | undefined): string {
  const goals = [...(add ? goalsOfAdd(add) : []), ...(rest ? goalsOfRest(rest) : [])];
  return table(
    ['', 'goal', 'measured', 'met'],
    goals.map((each) => [
      each.about,
      goalText(each),
      `${digits(each.measured)} ${each.unit}`.trim(),
      isMet(each) ? 'yes' : '**no**',
    ]),
    (column) => column === 1 || column === 2,
  );
}

/** The work of one added rider. */
export function addSection({ done, accepted, cpu, statements, messages, heap }: AddFigures): string[] {
  const { busy, quiet } = statements;
  const refused = done.refused + accepted.refused;
  return [
    '## One added rider',
    table(
      [`${inFlight} in flight`, 'a second', 'p50 ms', 'p99 ms'],
      [
        [
          'POST to the stored rider (`Prefer: wait`)',
          digits(done.perSecond),
          done.p50.toFixed(1),
          done.p99.toFixed(1),
        ],
        ['POST to the 202', digits(accepted.perSecond), accepted.p50.toFixed(1), accepted.p99.toFixed(1)],
      ],
      allButFirst,
    ),
    ...(refused > 0 ? [`${refused} requests were refused.`] : []),
    `CPU of each added rider: **${fixed(cpu.system)} ms** of the system; with the sandbox ${fixed(cpu.withSandbox)} ms; with the load generator too, which is the \`client\`, ${fixed(cpu.all)} ms. Over ${done.adds} riders; other work on the machine used ${percent(cpu.others)} of a core meanwhile.`,
    table(
      ['process', 'CPU ms', 'allocated KiB', 'garbage collection ms'],
      cpu.of.map(({ name, ms }) => {
        const own = heap.find((each) => each.name === name);
        return [name, fixed(ms), own ? kibibytes(own.allocated) : '', own ? fixed(own.gcMs) : ''];
      }),
      allButFirst,
    ),
    table(
      ['each', `${inFlight} in flight`, 'one after the other'],
      [
        ['SQL statements', fixed(busy.perAdd), fixed(quiet.perAdd)],
        ['… of them without any add, in the same time', fixed(busy.meanwhile), fixed(quiet.meanwhile)],
        ['… of them prepared', fixed(busy.prepared), fixed(quiet.prepared)],
        ['transactions', fixed(busy.transactions), fixed(quiet.transactions)],
        ['… of them write', fixed(busy.writing), fixed(quiet.writing)],
      ],
      allButFirst,
    ),
    `SQL statements of each added rider, ${inFlight} in flight:`,
    statementTable(busy.of, shownPerAdd),
    `Messages of each added rider: the broker received ${fixed(messages.received)} and sent ${fixed(messages.sent)}; it stored ${listOf(messages.streams)}.`,
  ];
}

/** The system with nothing to do. */
export function restSection({ seconds, cpu, statements, messages, memory }: RestFigures): string[] {
  return [
    '## At rest',
    `Over ${seconds.toFixed(0)} s at the speed of real time, no slot open: **${percent(cpu.all)} of a core**, **${fixed(statements.perSecond)} SQL statements a second** (${fixed(statements.prepared)} prepared, ${fixed(statements.writing)} transactions that write), ${digits(messages.received)} messages a second to the broker and ${digits(messages.sent)} from it (stored: ${listOf(messages.streams)}), **${mebibytes(memory.rss)} MiB resident**, ${mebibytes(memory.pss)} MiB when shared pages count once.`,
    table(
      ['process', 'CPU of a core', 'resident MiB', 'proportional MiB'],
      memory.of.map(({ name, rss, pss }) => [
        name,
        percent(cpu.of.find((each) => each.name === name)?.share ?? Number.NaN),
        mebibytes(rss),
        mebibytes(pss),
      ]),
      allButFirst,
    ),
    'SQL statements a second:',
    statementTable(statements.of, shownPerSecond),
  ];
}

const listOf = (streams: ReadonlyArray<{ name: string; stored: number }>): string =>
  streams.map(({ name, stored }) => `${fixed(stored)} in \`${name}\``).join(', ') || 'none';

/** @param least rarer ones are one row */
function statementTable(of: AddFigures['statements']['busy']['of'], least: number): string {
  const rest = sum(of.map(({ count }) => count).filter((count) => count < least));
  const rows = of
    .filter(({ count }) => count >= least)
    .map(({ by, text, prepared, count }) => [
      fixed(count),
      prepared ? 'yes' : 'no',
      by,
      `\`${text.slice(0, textLength)}${text.length > textLength ? ' …' : ''}\``,
    ]);
  return table(
    ['each', 'prepared', 'by', 'statement'],
    [...rows, ...(rest > 0 ? [[fixed(rest), '', '', `rarer than ${least} each`]] : [])],
    allButLast,
  );
}

/** Where the CPU of each process goes, for the terminal. @param root of the project */
export function profileText({ cpu, reports }: NonNullable<AddFigures['profiles']>, root: string): string {
  const parts = cpu.of.flatMap(({ name, ms }) => {
    const report = reports.get(name);
    if (!report) return [];
    const { packages, functions } = costsOf(report.cpu as CpuProfile, root);
    const total = sum(packages.map((each) => each.ms));
    // A profile counts real time, also while other processes have the core; the kernel counts CPU.
    const rows = (costs: readonly Cost[]) =>
      costs.slice(0, 10).map((each) => [fixed((each.ms / total) * ms), percent(each.ms / total), each.name]);
    return [
      `${name}: ${fixed(ms)} ms of each added rider, with the work of the profiler`,
      table(['ms', 'share', 'package or folder'], rows(packages), allButLast),
      table(['ms', 'share', 'function'], rows(functions), allButLast),
    ];
  });
  return parts.join('\n\n');
}

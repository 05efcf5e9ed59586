import type { Command, CommandRider, RiderDetail } from '@paceline/client';
import type { RefusedLine, Roster } from '@paceline/client/roster';
import { commandLane, isFailed, progress, describeCommand } from '@paceline/client/text';
import { count } from '@paceline/shared/words';
import { cut, type TextStyle, table, wrap } from './look.ts';

/** The state of a command in one line. @param now project ms */
export function commandLine(command: Command, now: number, { width, paint }: TextStyle): string {
  const { riders } = command;
  if (riders === null || isFailed(command)) {
    const line = cut(describeCommand(command, now), width - 1);
    return isFailed(command) ? paint.error(line) : line;
  }
  const state = progress(command, now);
  const { done, failed, waiting } = riders;
  const counts = [
    `${done} added`,
    failed > 0 && `${failed} failed`,
    waiting > 0 && `${waiting} remaining, ${state}`,
  ];
  const text = counts.filter((each) => each !== false).join(', ');
  const cells = Math.max(10, Math.min(40, width - text.length - 3));
  return `${progressBar(riders, cells, paint)} ${cut(text, width - cells - 2)}`;
}

export const finalLines = (command: Command, now: number, look: TextStyle): string[] =>
  isFailed(command)
    ? wrap(describeCommand(command, now), look.width).map(look.paint.error)
    : [commandLine(command, now, look)];

/** The shares of added, failed and remaining riders. */
function progressBar(
  { done, failed, waiting }: NonNullable<Command['riders']>,
  cells: number,
  paint: TextStyle['paint'],
): string {
  const all = Math.max(1, done + failed + waiting);
  const doneCells = Math.floor((done / all) * cells);
  const failedCells = Math.min(cells - doneCells, Math.ceil((failed / all) * cells));
  return [
    paint.lane(commandLane, '█'.repeat(doneCells)),
    paint.error('▒'.repeat(failedCells)),
    paint.muted('░'.repeat(cells - doneCells - failedCells)),
  ].join('');
}

export const riderLines = (
  { riderId, name, zpCategory, rating, club }: RiderDetail,
  { width }: TextStyle,
): string[] => {
  const facts = [
    `Rider ${riderId} added: ${name}`,
    zpCategory === null ? null : `category ${zpCategory}`,
    rating === null ? null : `rating ${Math.round(rating)}`,
    club?.name ?? null,
  ];
  return wrap(facts.filter((each) => each !== null).join(', '), width);
};

export const failedLines = (failed: readonly CommandRider[], look: TextStyle): string[] =>
  failed.length === 0
    ? []
    : table(
        [],
        failed.map(({ riderId, reason }) => [
          { text: `Rider ${riderId}`, paint: look.paint.error },
          reason ?? 'failed',
        ]),
        look,
      );

const maxListed = 10;

/** What was read of a roster: how many riders, the first of them, and the lines that were refused. */
export function rosterLines({ riders, refused, comments, column }: Roster, { width }: TextStyle): string[] {
  const from = column === undefined ? '' : ` from column ${column}`;
  return [
    `${count(riders.length, 'rider')}${from}`,
    ...limited(riders.map(({ riderId, label }) => cut(`  ${riderId}  ${label}`.trimEnd(), width))),
    ...(refused.length === 0 ? [] : refusedLines(refused)),
    ...(comments === 0 ? [] : [`${count(comments, 'comment')} skipped`]),
  ];
}

export const refusedMessage = ({ riders, refused }: Roster): string => {
  if (refused.length === 0) return 'No rider ids found';
  const rest =
    riders.length === 0 ? [] : [`--skip-invalid imports the other ${riders.length}; --preview shows them.`];
  return [...refusedLines(refused), ...rest].join('\n');
};

const refusedLines = (refused: readonly RefusedLine[]): string[] => [
  `${count(refused.length, 'line')} without a clear rider id:`,
  ...limited(refused.map(({ line, text, reason }) => `  line ${line}: ${text} (${reason})`)),
];

const limited = (lines: readonly string[]): string[] => [
  ...lines.slice(0, maxListed),
  ...(lines.length > maxListed ? [`  and ${lines.length - maxListed} more`] : []),
];

import type { Command, CommandRider, RiderDetail } from '@paceline/client';
import { commandLane, isFailed, progress, describeCommand } from '@paceline/client/text';
import { cut, type Look, table, wrap } from './look.ts';

/** How a command stands, in one line. @param now project ms */
export function commandLine(command: Command, now: number, { width, paint }: Look): string {
  const { riders } = command;
  if (riders === null || isFailed(command)) {
    const words = cut(describeCommand(command, now), width - 1);
    return isFailed(command) ? paint.wrong(words) : words;
  }
  const stands = progress(command, now);
  const { done, failed, waiting } = riders;
  const counts = [
    `${done} here`,
    failed > 0 && `${failed} failed`,
    waiting > 0 && `${waiting} to come, ${stands}`,
  ];
  const said = counts.filter((each) => each !== false).join(', ');
  const cells = Math.max(10, Math.min(40, width - said.length - 3));
  return `${shares(riders, cells, { width, paint })} ${cut(said, width - cells - 2)}`;
}

export const endLines = (command: Command, now: number, look: Look): string[] =>
  isFailed(command)
    ? wrap(describeCommand(command, now), look.width).map(look.paint.wrong)
    : [commandLine(command, now, look)];

/** A bar of those who are here, those who could not be had, and those who are to come. */
function shares(
  { done, failed, waiting }: NonNullable<Command['riders']>,
  cells: number,
  { paint }: Look,
): string {
  const all = Math.max(1, done + failed + waiting);
  const here = Math.floor((done / all) * cells);
  const gone = Math.min(cells - here, Math.ceil((failed / all) * cells));
  return [
    paint.lane(commandLane, '█'.repeat(here)),
    paint.wrong('▒'.repeat(gone)),
    paint.quiet('░'.repeat(cells - here - gone)),
  ].join('');
}

export const riderLines = (
  { riderId, name, zpCategory, rating, club }: RiderDetail,
  { width }: Look,
): string[] => {
  const about = [
    `Rider ${riderId} is here: ${name}`,
    zpCategory === null ? null : `category ${zpCategory}`,
    rating === null ? null : `rating ${Math.round(rating)}`,
    club?.name ?? null,
  ];
  return wrap(about.filter((each) => each !== null).join(', '), width);
};

export const failedLines = (failed: readonly CommandRider[], look: Look): string[] =>
  failed.length === 0
    ? []
    : table(
        [],
        failed.map(({ riderId, reason }) => [
          { text: `Rider ${riderId}`, paint: look.paint.wrong },
          reason ?? 'failed',
        ]),
        look,
      );

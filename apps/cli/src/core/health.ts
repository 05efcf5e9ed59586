import type { Health, Part } from '@paceline/client';
import { dayAndTime } from '@paceline/client/text';
import { type TextStyle, wrap } from './look.ts';

export const downParts = ({ parts }: Health): Part[] => parts.filter(({ state }) => state === 'down');

/** What is down, since when, and what to do; then whether a power cut can lose something. No lines when all is well. */
export const healthLines = (health: Health, style: TextStyle): string[] => [
  ...downParts(health).flatMap((part) => problemLines(part, style)),
  ...problemLines({ ...health.durability, since: null }, style),
];

function problemLines(
  { title, since, reason, advice }: Pick<Part, 'title' | 'since' | 'reason' | 'advice'>,
  { width, paint }: TextStyle,
): string[] {
  if (title === null) return [];
  return [
    `${paint.error(title)}${since === null ? '' : ` ${paint.muted(`(since ${dayAndTime(since)})`)}`}`,
    ...wrap(reason ?? '', width - 2).map((line) => `  ${line}`),
    ...wrap(advice ?? '', width - 4).map((line, index) => `  ${index === 0 ? '→' : ' '} ${line}`),
  ];
}

import { type Color, kinds } from '@paceline/shared/definition';
import { laneOf } from './names.ts';
import type { SyncKind } from './operations.ts';

/** A lane's color in CSS; `colors.css` has its values for light and dark. */
export const laneColor = (lane: string): string => `var(--${laneOf(lane).color})`;
export const kindColor = (kind: SyncKind): string => laneColor(kinds[kind].lane);

/** The same colors by their terminal names. Grey is taken there: muted text uses it. */
export const terminalColors = {
  amber: 'yellow',
  purple: 'magenta',
  blue: 'blueBright',
  teal: 'cyan',
  grey: 'green',
  red: 'red',
  green: 'greenBright',
} as const satisfies Readonly<Record<Color, string>>;

import { type Color, kinds, lanes } from '@paceline/shared/definition';
import type { Lane, SyncKind } from './operations.ts';

/** A lane's color in CSS; `colors.css` has its values for light and dark. */
export const laneColor = (lane: Lane): string => `var(--${lanes[lane].color})`;
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

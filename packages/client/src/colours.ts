import { type Color, kinds, type Lane, lanes, type SyncKind } from '@paceline/shared/definition';

/** A lane's colour in CSS; `colours.css` has its values for light and dark. */
export const laneColour = (lane: Lane): string => `var(--${lanes[lane].color})`;
export const kindColour = (kind: SyncKind): string => laneColour(kinds[kind].lane);

/** The same colours by the names that terminals know; grey is what quiet text has there. */
export const terminalColours = {
  amber: 'yellow',
  purple: 'magenta',
  blue: 'blueBright',
  teal: 'cyan',
  grey: 'green',
  red: 'red',
  green: 'greenBright',
} as const satisfies Readonly<Record<Color, string>>;

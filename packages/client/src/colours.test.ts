import { readFile } from 'node:fs/promises';
import { kindNames, laneNames, lanes } from '@paceline/shared/definition';
import { expect, it } from 'vitest';
import { kindColour, laneColour, terminalColours } from './colours.ts';

it('every colour has a value for light and one for dark', async () => {
  const css = await readFile(new URL('colours.css', import.meta.url), 'utf8');
  for (const colour of Object.keys(terminalColours))
    expect(css.match(new RegExp(`--${colour}: #[0-9a-f]{6};`, 'g'))).toHaveLength(2);
});

it('a lane has the colour of the definition, and a kind that of its lane', () => {
  expect(laneNames.map(laneColour)).toEqual(laneNames.map((lane) => `var(--${lanes[lane].color})`));
  for (const kind of kindNames) expect(laneNames.map(laneColour)).toContain(kindColour(kind));
});

import { colourOf, lanes, laneWords } from '../palette.ts';

/** Which colour is which lane. */
export const Legend = () => (
  <ul className="legend" aria-label="Colours of the lanes, most urgent first">
    {lanes.map((lane) => (
      <li key={lane}>
        <span className="swatch" style={{ background: colourOf(lane) }} />
        {laneWords[lane]}
      </li>
    ))}
  </ul>
);

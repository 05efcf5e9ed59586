import { describe, expect, it } from 'vitest';
import { withQuirks } from './quirks.ts';

const rider = (riderId: number) => ({
  riderId,
  name: "Pat O'Neil",
  race: { finishes: 3 },
  handicaps: {},
  club: { id: 7, name: 'Ride & Shine' },
});
const club = { clubId: 7, name: 'Ride & Shine', riders: [rider(26), rider(27), rider(28)] };

describe('withQuirks', () => {
  it('changes nothing while all are off', () => {
    expect(withQuirks(club, [])).toBe(club);
  });

  it('escapes names of riders and clubs in club, bulk and rider answers', () => {
    const escaped = { name: 'Pat O&#039;Neil', club: { id: 7, name: 'Ride &amp; Shine' } };
    expect(withQuirks(club, ['escaped-names'])).toMatchObject({
      name: 'Ride &amp; Shine',
      riders: [escaped, escaped, escaped],
    });
    expect(withQuirks([rider(1)], ['escaped-names'])).toMatchObject([escaped]);
    expect(withQuirks(rider(1), ['escaped-names'])).toMatchObject(escaped);
  });

  it('does not escape names of signups and results, which are escaped already', () => {
    const pens = [{ name: 'A', riders: [{ riderId: 1, name: 'Pat O&#039;Neil' }] }];
    expect(withQuirks(pens, ['escaped-names'])).toEqual(pens);
  });

  it('removes the names of some riders and makes others unreadable', () => {
    expect(withQuirks(club, ['nameless-riders', 'unreadable-riders'])).toMatchObject({
      riders: [
        { riderId: 26, name: {} },
        { riderId: 27, name: null, race: null },
        { riderId: 28, name: "Pat O'Neil" },
      ],
    });
  });

  it('removes the new ratings of results', () => {
    const result = { riderId: 1, positionInCategory: 1, gap: 0 };
    const rated = { rating: 1510, ratingBefore: 1500, ratingDelta: 10, ratingMax30: 1510 };
    expect(
      withQuirks({ eventId: '1', results: [{ ...result, ...rated }, result] }, ['unrated-races']),
    ).toEqual({ eventId: '1', results: [{ ...result, rating: 1500, ratingBefore: 1500 }, result] });
  });
});

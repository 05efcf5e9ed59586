/** Responses in upstream's shapes, including their quirks. All riders are made up. */

const rated = (rating: number) => ({
  rating,
  date: 1764788400,
  mixed: { category: 'Emerald', number: 3 },
});

export const riderJson = {
  riderId: 4500001,
  name: 'A Rider [TAG]',
  gender: 'M',
  country: 'se',
  age: 'Mas',
  height: 185,
  weight: 77,
  zpCategory: 'B',
  zpFTP: 304,
  power: { wkg5: 11.9481, w5: 920, CP: 319.5566, AWC: 17675.105, compoundScore: 1678.2526 },
  race: {
    last: rated(1803.82),
    current: rated(1803.82),
    max30: { ...rated(1811.92), expires: 1767380400 },
    max90: { ...rated(1820), expires: 1772564400, womens: { category: 'Ruby', number: 2 } },
    finishes: 9,
    dnfs: 0,
    wins: 1,
    podiums: 2,
  },
  handicaps: { profile: { flat: 0.58, rolling: -58.3, hilly: -68.4, mountainous: -23.8 } },
  phenotype: { scores: { sprinter: 95.9, tt: 96.2 }, value: 'All-Rounder', bias: 2.5 },
  club: { id: 20650, name: 'Some Club' },
  velo: 1803,
};

export const eventJson = {
  eventId: '5230192',
  time: 1765195800,
  routeId: '22757204',
  distance: 21784,
  title: 'Evening Chase #3',
  numLaps: '4',
  type: 'Race',
  subType: 'Scratch',
  staggeredStart: true,
  categories: 'A,B,C,D,E',
  signups: '20,29,36,52,39',
};

export const signupJson = {
  riderId: 4200001,
  name: 'Chlo&eacute; O&#39;Brien &amp; Co',
  weight: 61.5,
  height: 170,
  power: null,
  race: { rating: 1612.4, finishes: 12, wins: 0, podiums: 3, dnfs: 1, max30: 1640 },
  club: null,
  phenotype: null,
};

export const signupsJson = [
  { name: 'A+', avgRating: 1701.09, ratedRiders: 1, riders: [signupJson] },
  { name: 'B', avgRating: 0, ratedRiders: 0, riders: [{ ...signupJson, riderId: 4200002, race: null }] },
];

export const resultsJson = {
  eventId: '5188741',
  time: 1762974000,
  routeId: '2128890027',
  distance: 19.58,
  title: 'Zwift Crit',
  type: 'Race',
  subType: 'Points',
  results: [
    {
      riderId: 4200001,
      name: 'J&uuml;rgen',
      category: 'A',
      time: 1506.486,
      gap: 0,
      positionInCategory: 1,
      rating: 2891.37,
      ratingBefore: 2864.68,
      ratingDelta: 26.69,
      ratingMax30: 2891.37,
      ratingMax90: 2891.37,
    },
    { riderId: 4200003, name: 'Second', category: 'A', time: 1600, gap: 93.514, positionInCategory: 2 },
    // Did not finish: only these riders have a position, and it says nothing about their place.
    {
      riderId: 4200002,
      name: 'Stopped',
      category: 'A',
      time: 1217,
      gap: null,
      position: 480,
      positionInCategory: 61,
      rating: 1702.1,
      ratingBefore: 1702.1,
    },
  ],
};

export const tooManyRequests = {
  error: 'Too many requests, please try again later.',
  retryAfter: '597',
  windowMinutes: 10,
  limit: 1,
};

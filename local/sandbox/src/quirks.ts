import { z } from 'zod';
import { withEntities } from './world/riders.ts';

/** What upstream sometimes sends in valid answers, which the sandbox sends while it is switched on. */
const quirkNames = ['escaped-names', 'nameless-riders', 'unreadable-riders', 'unrated-races'] as const;
export const quirks = z.array(z.enum(quirkNames));
export type Quirks = z.output<typeof quirks>;

type Item = Readonly<Record<string, unknown>>;

const changes: Readonly<Record<Quirks[number], (item: Item) => Item>> = {
  /** Names of riders and clubs are HTML-escaped in every answer, not only in signups and results. */
  'escaped-names': (item) =>
    isRider(item) || 'clubId' in item ? { ...item, ...escaped(item, 'name'), ...escapedClub(item) } : item,
  /** Every 13th rider has no name and has never raced. */
  'nameless-riders': (item) =>
    isRider(item) && item['riderId'] % 13 === 1 ? { ...item, name: null, race: null } : item,
  /** Every 13th rider has a name that is no text. */
  'unreadable-riders': (item) => (isRider(item) && item['riderId'] % 13 === 0 ? { ...item, name: {} } : item),
  /** No result ever gets a rating: each keeps the one before the race. */
  'unrated-races': (item) => {
    if (!('positionInCategory' in item)) return item;
    const { ratingDelta: _, ratingMax30: __, ratingMax90: ___, rating: ____, ...rest } = item;
    return 'ratingBefore' in rest ? { ...rest, rating: rest['ratingBefore'] } : rest;
  },
};

const isRider = (item: Item): item is Item & { riderId: number } => typeof item['riderId'] === 'number';
/** Names in signups and results are escaped already. */
const isFullRider = (item: Item) => 'handicaps' in item || 'clubId' in item;
const escaped = (item: Item, name: string) =>
  isFullRider(item) && typeof item[name] === 'string' ? { [name]: withEntities(item[name]) } : {};
const escapedClub = ({ club }: Item) =>
  typeof club === 'object' && club !== null && 'name' in club && typeof club.name === 'string'
    ? { club: { ...club, name: withEntities(club.name) } }
    : {};

/** Returns an answer with the quirks, in all of its items. */
export function withQuirks(value: unknown, active: Quirks): unknown {
  if (active.length === 0 || typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return value.map((each) => withQuirks(each, active));
  const lists = Object.entries(value).filter(([, field]) => Array.isArray(field));
  const inner = Object.fromEntries(lists.map(([name, list]) => [name, withQuirks(list, active)]));
  return active.reduce<Item>((item, quirk) => changes[quirk](item), { ...value, ...inner });
}

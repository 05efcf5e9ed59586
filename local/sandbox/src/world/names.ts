import { draw, pick } from '../random.ts';

const list = (names: string): readonly string[] => names.split(', ');

const given = {
  M: list('Anders, Bas, Carlos, Daan, Émile, Finn, Giulio, Henrik, Ivo, Jürgen, Kenji, Liam'),
  F: list('Anouk, Beatriz, Chloé, Diede, Elin, Freya, Greta, Hana, Ines, Julia, Kaja, Zoë'),
};
const family = [
  ...list("Andersen, Bakker, Costa, D'Angelo, Eriksson, Fischer, García, Hughes, Ito, Jansen, Kowalski"),
  ...list("Lefèvre, Müller, Nowak, O'Brien, Petit, Rossi, Sørensen, van den Berg, Weber"),
];
const tags = ['', '', '', ' [PLR]', ' [CGW]', ' | Ride & Shine', ' (TeamX)', ' "Diesel"'];

/** A rider's name as riders write it, tags and all. */
export function nameOf(seed: number, riderId: number, gender: 'M' | 'F'): string {
  const first = pick(draw(seed, 'given name', riderId), given[gender]);
  const last = pick(draw(seed, 'family name', riderId), family);
  return `${first} ${last}${pick(draw(seed, 'name tag', riderId), tags)}`;
}

const entities: Record<string, string> = {
  '&': '&amp;',
  "'": '&#39;',
  '"': '&quot;',
  é: '&eacute;',
  è: '&egrave;',
  ü: '&uuml;',
};

/** The same name as results and signups carry it: escaped for HTML. */
export const withEntities = (name: string): string =>
  name.replace(/[&'"éèü]/g, (character) => entities[character] ?? character);

const series = list('Zwift Crit, Evening Chase, Tour of Watopia, Club Ladder, Hill Repeats, Sprint League');
const organisers = list('EVO, DIRT, Herd, KISS, Coalition, 3R, TeamNL');

/** The title of an event. */
export const titleOf = (seed: number, eventId: number): string =>
  `${pick(draw(seed, 'organiser', eventId), organisers)} ${pick(draw(seed, 'series', eventId), series)} #${eventId % 97}`;

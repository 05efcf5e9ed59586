import { badWorkOf, type Fuzzed } from './messages.ts';
import type { RouteTally } from './tally.ts';

export interface Found {
  readonly command: string;
  /** Real minutes that it took. */
  readonly minutes: number;
  readonly routes: readonly RouteTally[];
  readonly messages: Fuzzed;
  readonly crashed: readonly string[];
}

/** What is not as it has to be, as sentences. */
export function wrongIn({ routes, messages, crashed }: Found): string[] {
  const bad = badWorkOf(messages.subjects);
  const failed = sum(routes, ({ failed: each }) => each);
  const untold = sum(routes, ({ untold: each }) => each);
  return [
    ...crashed.map((name) => `${name} has ended`),
    ...(failed > 0 ? [`${failed} answers were 500 or above`] : []),
    ...(untold > 0 ? [`${untold} refusals were no problem+json`] : []),
    ...(messages.deadLetters === bad
      ? []
      : [`${bad} bad work messages, ${messages.deadLetters} dead letters`]),
    ...(messages.unread > 0 ? [`${messages.unread} events were not taken in`] : []),
    ...(messages.lost > 0 ? [`${messages.lost} good commands were not done`] : []),
  ];
}

/** The page that docs/fuzz.md is. */
export function page(found: Found): string {
  const { command, minutes, routes, messages, crashed } = found;
  const { subjects, deadLetters, neighbours, lost, unread } = messages;
  const sent = sum(subjects, ({ bad, strange }) => bad + strange);
  const figures: ReadonlyArray<readonly [string, number | string]> = [
    ['HTTP inputs', sum(routes, ({ inputs }) => inputs)],
    ['answered with 500 or above', sum(routes, ({ failed }) => failed)],
    ['refusals that are no problem+json', sum(routes, ({ untold }) => untold)],
    ['503 at first, answered when asked again', sum(routes, ({ away }) => away)],
    ['messages', sent],
    ['bad work messages / dead letters with a reason', `${badWorkOf(subjects)} / ${deadLetters}`],
    ['good commands behind them: sent / done', `${neighbours} / ${neighbours - lost}`],
    ['events that were not taken in', unread],
    ['processes that ended', crashed.length],
  ];
  return `# Fuzz

Written by \`${command}\`, in ${minutes.toFixed(0)} minutes: what nobody
should send, sent to every route and every subject of the whole system as real processes. The same seed makes the same inputs.

${table(['what', 'how many'], figures)}

## Routes

Each input begins as the document of the API describes it, or nearly so; two of three then have another method, odd paths,
queries, headers (also twice) or bodies: wrong types, huge, deep, of prototype keys, no UTF-8. Status 0: the connection ended
without an answer, as it may when a body that is too large is refused while it is still being sent. The limit for a client is
raised by \`API_RATE_LIMIT\`. What judges a schedule is asked at most thirty times: each right input is weeks of slots told
over, one after the other. A 503 says that a part has its hands full: it is asked again, and must be answered then.

${table(
  ['route', 'inputs', 'statuses'],
  routes.map(({ route, inputs, statuses }) => [
    `\`${route}\``,
    inputs,
    Object.entries(statuses)
      .map(([status, times]) => `${status}: ${times}`)
      .join(', '),
  ]),
)}

## Subjects

Bad messages break their contract: bytes, garbage, huge, one field gone or of another value. Strange ones keep it, with ids
and moments that nobody knows; work and orders are only sent bad, for strange ones would be carried out. Most have odd
headers, all have none of a good trace. \`ignored\` also are requests to who is not there.

${table(
  ['subject', 'kind', 'bad', 'strange', 'refused', 'answered', 'ignored'],
  subjects.map(({ subject, kind, bad, strange, refused, answered, ignored }) => [
    `\`${subject}\``,
    kind,
    bad,
    strange,
    ...(kind === 'request' ? [refused, answered, ignored] : ['', '', '']),
  ]),
)}
`;
}

const sum = <Each>(all: readonly Each[], of: (each: Each) => number) =>
  all.reduce((total, each) => total + of(each), 0);

const table = (head: readonly string[], rows: ReadonlyArray<ReadonlyArray<string | number>>) =>
  [head, head.map((_, column) => (typeof rows[0]?.[column] === 'number' ? '---:' : '---')), ...rows]
    .map((cells) => `| ${cells.join(' | ')} |`)
    .join('\n');

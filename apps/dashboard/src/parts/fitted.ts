/** Pixels of a character in a row of words, on the wide side. */
const character = 6.9;

/** As much of some words as a row has room for; the table behind a picture has them all. */
export function fitted(words: string, width: number): string {
  const room = Math.max(1, Math.floor(width / character));
  return words.length <= room ? words : `${words.slice(0, room - 1).trimEnd()}…`;
}

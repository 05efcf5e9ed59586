/** Escapes of what Postgres can't keep in text or jsonb: NUL, and half a surrogate pair. */
const unstorable = /\\u(?:0000|d[89a-f])/i;

/** Parses JSON; texts in it that could not be stored are mended. @throws {SyntaxError} */
export const parseJson = (text: string): unknown =>
  JSON.parse(text, unstorable.test(text) ? mend : undefined);

const mend = (_: string, value: unknown) =>
  typeof value === 'string' ? value.replaceAll('\0', '').toWellFormed() : value;

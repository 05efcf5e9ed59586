/** The key as it was meant: with or without the quotes of a structured field. Undefined: it can't be one. */
export function idempotencyKey(header: string): string | undefined {
  const [, quoted] = /^"(.*)"$/.exec(header) ?? [];
  const key = quoted ?? header;
  return /^[\x21-\x7e]{1,255}$/.test(key) ? key : undefined;
}

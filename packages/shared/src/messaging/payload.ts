import type { z } from 'zod';

/** A message whose content is not what the catalog says. */
export class BadPayload extends Error {
  override name = 'BadPayload';
}

const decoder = new TextDecoder('utf-8', { fatal: true });

/** Reads and checks a payload. @throws {BadPayload} naming the fields that are wrong */
export function decode<S extends z.ZodType>(schema: S, data: Uint8Array): z.infer<S> {
  return check(schema, parseJson(data));
}

/** Checks and writes a payload: what is wrong is found by its sender first. @throws {BadPayload} */
export const encode = <S extends z.ZodType>(schema: S, payload: z.infer<S>): string =>
  JSON.stringify(check(schema, payload));

function parseJson(data: Uint8Array): unknown {
  try {
    return JSON.parse(decoder.decode(data));
  } catch {
    throw new BadPayload('is not JSON');
  }
}

function check<S extends z.ZodType>(schema: S, value: unknown): z.infer<S> {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join('.') || 'payload'}: ${issue.message}`,
  );
  throw new BadPayload(problems.join('; '));
}

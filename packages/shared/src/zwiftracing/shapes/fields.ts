import { decodeHTMLStrict } from 'entities';
import { z } from 'zod';

/** An id as upstream writes most of them; one that came as text is as good. */
export const numericId = z
  .union([z.number(), z.string().regex(/^\d+$/, 'must be an id').transform(Number)])
  .pipe(z.int32().positive());

/** An id that upstream writes as text. One of dots only would lead out of the path that it is put in. */
export const textId = z.union([
  z.string().min(1).max(200).regex(/[^.]/, 'must be an id'),
  z.number().transform(String),
]);

/** A moment in whole seconds, read as ms since the epoch. */
export const secondsAsMs = z
  .union([z.number(), z.string().trim().min(1).transform(Number)])
  .pipe(z.number().positive().max(253_402_300_799))
  .transform((seconds) => Math.round(seconds * 1_000));

/** A number that may be missing or be written as text; anything else is as good as missing. */
export const optionalNumber = z
  .union([z.number(), z.string().trim().min(1).transform(Number).pipe(z.number())])
  .nullable()
  .catch(null);

/** As `optionalNumber`, for what is counted. */
export const optionalInteger = optionalNumber.pipe(z.int32().nullable().catch(null));

/** A text that may be missing or empty. */
export const optionalText = z
  .string()
  .transform((text) => text || null)
  .nullable()
  .catch(null);

/** A text in which upstream escapes what is special in HTML. */
export const escapedText = z.string().transform((text) => decodeHTMLStrict(text));

/** An object that may be missing or null; one of another shape is as good as missing. */
export const optional = <Shape extends z.ZodRawShape>(shape: Shape) => z.object(shape).nullable().catch(null);

/** A rating; upstream writes 0 where there was no race to rate. */
export const rating = optionalNumber.transform((value) => (value !== null && value > 0 ? value : null));

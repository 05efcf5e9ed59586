import type { z } from 'zod';

/** A field of an upstream file with its description and an example, for the documentation. */
export const field = <Field extends z.ZodType>(schema: Field, example: string, description: string): Field =>
  schema.meta({ description, example });

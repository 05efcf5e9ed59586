import { tlsRefusal } from '../words/connection.ts';

/** Throws the error as it is, or, when TLS keeps us from the database, why in words. */
export function explained(error: unknown): never {
  const refusal = tlsRefusal(error);
  if (refusal === undefined) throw error;
  throw new Error(`The database is not connected to: ${refusal}`, { cause: error });
}

import { forEach, type Inflict } from './inflict.ts';

/** `kill -9` of brokers or the database; they are started again when it is over, with what they had stored. */
export const serversAway: Inflict = async (stage, { targets }) => {
  await forEach(targets, (target) => stage.server(target).crash());
  return () => forEach(targets, (target) => stage.server(target).start());
};

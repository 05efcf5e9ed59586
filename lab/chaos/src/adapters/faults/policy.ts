import type { Inflict } from './inflict.ts';

/** Upstream enforces another limit; when it is over it has the documented one again, and an operator says so. */
export const policyChange: Inflict = async ({ upstream, api }, { budget, policy }) => {
  if (!budget || !policy) throw new Error('a change of a policy names it');
  await upstream.setPolicy(budget, policy);
  return async () => {
    await upstream.setPolicy(budget, null);
    await api.send('DELETE', `/v1/budgets/${budget}/policy`);
  };
};

/** Somebody else uses our key. */
export const foreignCaller: Inflict = async ({ upstream }, { amount }) => {
  for (let call = 0; call < amount; call += 1) await upstream.callAsStranger().catch(() => undefined);
  return () => Promise.resolve();
};

export const parseRiderId = (typed: string): number | string =>
  /^-?\d+$/.test(typed.trim()) ? Number(typed) : typed;

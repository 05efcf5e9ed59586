/** The calls by which lanes that are not forced may be ahead of the pace of a window: a hundredth of its calls. */
export const aheadOfPace = (calls: number): number => Math.ceil(calls / 100);

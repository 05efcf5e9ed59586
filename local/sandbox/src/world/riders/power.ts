import { between, draw } from '../../random.ts';

/** Best efforts as multiples of the threshold, by seconds: what a climber and what a sprinter can hold. */
const efforts = [
  [5, 2.6, 3.9],
  [15, 2.4, 3.5],
  [30, 2.0, 2.6],
  [60, 1.6, 1.9],
  [120, 1.3, 1.4],
  [300, 1.15, 1.18],
  [1200, 1.02, 1.04],
] as const;

const rounded = (value: number, digits: number) => Math.round(value * 10 ** digits) / 10 ** digits;

/**
 * A rider's `power`: best efforts in watts (whole) and watts per kg, and the critical-power model.
 * @param threshold watts per kg
 * @param punch from climber (0) to sprinter (1)
 */
export function powerOf({ threshold, weight, punch }: { threshold: number; weight: number; punch: number }) {
  const watts = efforts.map(([seconds, climber, sprinter]) => {
    const multiple = between(punch, climber, sprinter);
    return [seconds, Math.round(multiple * threshold * weight)] as const;
  });
  const compoundScore = threshold * weight * between(punch, 4, 6);
  return {
    ...Object.fromEntries(watts.map(([seconds, w]) => [`wkg${seconds}`, rounded(w / weight, 4)])),
    ...Object.fromEntries(watts.map(([seconds, w]) => [`w${seconds}`, w])),
    CP: threshold * weight * 1.02,
    AWC: between(punch, 9_000, 28_000),
    compoundScore,
    powerRating: compoundScore,
  };
}

const labels = ['Sprinter', 'Puncheur', 'Pursuiter', 'Climber', 'Time Trialist'] as const;

/** A rider's `phenotype`: five scores, the label of the highest (or none stands out), and by how much. */
export function phenotypeOf(seed: number, id: number) {
  const scores = labels.map((label) => rounded(between(draw(seed, label, id), 55, 100), 1));
  const [sprinter, puncheur, pursuiter, climber, tt] = scores;
  const highest = Math.max(...scores);
  const bias = highest - scores.reduce((sum, score) => sum + score, 0) / scores.length;
  const value = bias < 12 ? 'All-Rounder' : labels[scores.indexOf(highest)];
  return { scores: { sprinter, puncheur, pursuiter, climber, tt }, value, bias };
}

/** Seconds gained or lost against the field by kind of route. */
export function handicapsOf(seed: number, id: number) {
  const handicap = (profile: string) => between(draw(seed, profile, id), -160, 160);
  const [flat, rolling, hilly] = [handicap('flat'), handicap('rolling'), handicap('hilly')];
  return { profile: { flat, rolling, hilly, mountainous: handicap('mountainous') } };
}

/** Three digits that count, without an exponent; "–" for what could not be measured. */
export function digits(value: number): string {
  if (!Number.isFinite(value)) return '–';
  if (value === 0) return '0';
  const size = Math.floor(Math.log10(Math.abs(value)));
  const text = value.toFixed(Math.max(0, 2 - size));
  return Number(text).toLocaleString('en-US', { maximumFractionDigits: 10 });
}

export const percent = (share: number): string => (Number.isFinite(share) ? `${digits(share * 100)} %` : '–');

export const times = (ratio: number): string => (Number.isFinite(ratio) ? `${digits(ratio)} ×` : '–');

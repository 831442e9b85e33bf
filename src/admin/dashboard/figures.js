/** Formats figures and sums samples. Independent of the DOM. */

const all = () => true;

export function sum(samples = [], keep = all) {
  return samples.reduce((total, { labels, value }) => total + (keep(labels) ? value : 0), 0);
}

/** Groups samples into rows by one label and columns by another. Rows of zeros are left out. */
export function pivot(samples = [], row, column) {
  const rows = new Map();
  for (const { labels, value } of samples) {
    if (value === 0) continue;
    const cells = rows.get(labels[row]) ?? {};
    cells[labels[column]] = (cells[labels[column]] ?? 0) + value;
    rows.set(labels[row], cells);
  }
  return rows;
}

const three = new Intl.NumberFormat('en', { maximumSignificantDigits: 3 });
const whole = new Intl.NumberFormat('en', { maximumFractionDigits: 0 });

export const number = (value) => (value >= 100 ? whole : three).format(value);
export const perSecond = (value) => `${number(value)}/s`;
export const percent = (share) => (Number.isFinite(share) ? `${three.format(share * 100)}\u00a0%` : '–');
export const bytes = (count) =>
  count < 1048576 ? `${number(count / 1024)} KB` : `${number(count / 1048576)} MB`;

export function seconds(value) {
  if (value === null || value === undefined) return '–';
  return value < 1 ? `${three.format(value * 1000)} ms` : `${three.format(value)} s`;
}

export function span(totalSeconds) {
  const minutes = Math.floor(totalSeconds / 60);
  if (minutes < 1) return `${Math.floor(totalSeconds)} s`;
  if (minutes < 60) return `${minutes} min`;
  if (minutes < 1440) return `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
  return `${Math.floor(minutes / 1440)} d ${Math.floor((minutes % 1440) / 60)} h`;
}

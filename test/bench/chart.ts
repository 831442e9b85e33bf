import type { ThroughputRow } from './throughput.ts';

const WIDTH = 760;
const LABELS = 190;
const RIGHT = 80;
const BAR = 22;
const GAP = 12;
const TOP = 56;
const BOTTOM = 34;

/**
 * Renders the ratios to the yardstick as SVG bars, with a line from the minimum to the maximum. Follows the
 * reader's light or dark theme.
 */
export function ratioChart(rows: readonly ThroughputRow[], title: string, note: string): string {
  const height = TOP + rows.length * (BAR + GAP) + BOTTOM;
  const most = Math.max(1, ...rows.map((row) => row.ratio.most));
  const scale = (ratio: number): number => LABELS + ((WIDTH - LABELS - RIGHT) * ratio) / most;
  const bars = rows.map((row, index) => {
    const y = TOP + index * (BAR + GAP);
    const middle = y + BAR / 2;
    const { median, least, most: highest } = row.ratio;
    return [
      `<text x="${LABELS - 10}" y="${middle + 4}" text-anchor="end">${escapeXml(row.name)}</text>`,
      `<rect x="${LABELS}" y="${y}" width="${round(scale(median) - LABELS)}" height="${BAR}" rx="3"/>`,
      `<path d="M${round(scale(least))} ${middle}H${round(scale(highest))}" class="spread"/>`,
      `<text x="${round(scale(Math.max(median, highest)) + 8)}" y="${middle + 4}">${median.toFixed(2)}</text>`,
    ].join('');
  });
  const one = round(scale(1));
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" role="img" aria-label="${escapeXml(title)}">
<style>
svg{font:13px system-ui,sans-serif;fill:#1f2933}
rect{fill:#3b74c4}
.title{font-size:15px;font-weight:600}
.note{font-size:11px;opacity:.75}
.spread{stroke:#12263f;stroke-width:2}
.one{stroke:#8795a1;stroke-dasharray:4 3}
@media(prefers-color-scheme:dark){svg{fill:#e4e7eb}rect{fill:#5b93e0}.spread{stroke:#fff}}
</style>
<text x="0" y="18" class="title">${escapeXml(title)}</text>
<text x="0" y="38" class="note">${escapeXml(note)}</text>
<path d="M${one} ${TOP - 8}V${height - BOTTOM + 4}" class="one"/>
<text x="${one}" y="${height - 12}" text-anchor="middle" class="note">1</text>
${bars.join('\n')}
</svg>
`;
}

const round = (value: number): number => Math.round(value * 10) / 10;

function escapeXml(text: string): string {
  return text.replace(/[<>&"]/g, (character) => `&#${character.codePointAt(0)};`);
}

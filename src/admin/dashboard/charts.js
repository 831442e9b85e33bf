import { perSecond, seconds } from './figures.js';

const HEIGHT = 160;
const TABLE_ROWS = 12;

const CHARTS = [
  {
    title: 'Requests',
    format: perSecond,
    series: [
      { of: 'requests', name: 'all', color: '--blue' },
      { of: 'failures', name: 'failed (5xx)', color: '--red', dash: [6, 4] },
    ],
  },
  {
    title: 'Response time',
    format: seconds,
    series: [
      { of: 'median', name: 'median', color: '--blue' },
      { of: 'p95', name: '95th percentile', color: '--orange', dash: [6, 4] },
    ],
  },
  {
    title: 'Parts served',
    format: perSecond,
    series: [
      { of: 'hits', name: 'from the cache', color: '--green' },
      { of: 'misses', name: 'fetched', color: '--orange', dash: [6, 4] },
    ],
  },
  {
    title: 'Calls to Zyntro',
    format: perSecond,
    series: [
      { of: 'calls', name: 'all', color: '--blue' },
      { of: 'callFailures', name: 'failed', color: '--red', dash: [6, 4] },
      { of: 'withheld', name: 'not made', color: '--orange', dash: [2, 3] },
    ],
  },
];

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  made.append(...children);
  return made;
}

/** Draws every chart into `host`. Returns a function that shows new points. */
export function createCharts(host) {
  const shown = CHARTS.map((chart) => createChart(host, chart));
  let points = [];
  const showAll = () => {
    for (const chart of shown) chart.show(points);
  };
  // The colors come from the style sheet, which follows the light or dark color scheme.
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => {
    for (const chart of shown) chart.redraw();
    showAll();
  });
  return (next) => {
    points = next;
    showAll();
  };
}

function createChart(host, { title, format, series }) {
  const latest = series.map(({ name, color, dash }) => {
    const value = element('b');
    const swatch = element('span', { class: dash ? 'swatch dashed' : 'swatch', 'aria-hidden': 'true' });
    swatch.style.borderColor = `var(${color})`;
    return { value, item: element('span', { class: 'series' }, swatch, `${name} `, value) };
  });
  const canvas = element('div', { class: 'chart', role: 'img' });
  const body = element('tbody');
  const heads = ['Time', ...series.map(({ name }) => name)].map((name) =>
    element('th', { scope: 'col' }, name),
  );
  const table = element(
    'table',
    {},
    element('caption', {}, title),
    element('thead', {}, element('tr', {}, ...heads)),
    body,
  );
  const details = element('details', {}, element('summary', {}, `${title} as a table`), table);
  const caption = element('figcaption', {}, element('h3', {}, title), ...latest.map(({ item }) => item));
  host.append(element('figure', {}, caption, canvas, details));

  let shown = [];
  const showTable = () => {
    if (details.open) fillTable(body, series, shown, format);
  };
  // Not with the next points alone: there are none while the page is paused.
  details.addEventListener('toggle', showTable);
  let plot = draw();
  new ResizeObserver(([entry]) => plot.setSize({ width: entry.contentRect.width, height: HEIGHT })).observe(
    canvas,
  );

  function draw() {
    const style = getComputedStyle(document.documentElement);
    const color = (name) => style.getPropertyValue(name);
    const axis = {
      stroke: color('--quiet'),
      grid: { stroke: color('--line') },
      ticks: { stroke: color('--line') },
    };
    const lines = series.map((one) => ({
      label: one.name,
      stroke: color(one.color),
      dash: one.dash,
      width: 2,
      points: { show: false },
    }));
    const options = {
      width: canvas.clientWidth || 300,
      height: HEIGHT,
      legend: { show: false },
      cursor: { show: false },
      scales: { y: { range: (_plot, _low, high) => [0, high > 0 ? high * 1.1 : 1] } },
      axes: [
        { ...axis, size: 30, space: 90, values: (_plot, ticks) => ticks.map(clock) },
        {
          ...axis,
          size: 64,
          values: (_plot, ticks) => ticks.map((tick) => (tick === 0 ? '0' : format(tick))),
        },
      ],
      series: [{}, ...lines],
    };
    return new uPlot(options, [[], ...series.map(() => [])], canvas);
  }

  return {
    redraw() {
      plot.destroy();
      plot = draw();
    },
    show(points) {
      shown = points;
      plot.setData([points.map(({ at }) => at), ...series.map(({ of }) => points.map((point) => point[of]))]);
      const last = points.at(-1);
      for (const [index, { of }] of series.entries())
        latest[index].value.textContent = last ? format(last[of]) : '–';
      canvas.setAttribute('aria-label', summary(title, series, points, format));
      showTable();
    },
  };
}

function summary(title, series, points, format) {
  const words = series.map(({ of, name }) => {
    const values = points.map((point) => point[of]).filter((value) => value !== null);
    if (values.length === 0) return `${name}: no value`;
    const now = points.at(-1)[of];
    return `${name}: ${now === null ? 'no value' : format(now)} now, ${format(Math.max(...values))} at most`;
  });
  return `${title}. ${words.join('; ')}.`;
}

function fillTable(body, series, points, format) {
  const rows = points.slice(-TABLE_ROWS).toReversed();
  body.replaceChildren(
    ...rows.map((point) =>
      element(
        'tr',
        {},
        element('th', { scope: 'row' }, clock(point.at)),
        ...series.map(({ of }) => element('td', {}, format(point[of]))),
      ),
    ),
  );
}

function clock(at) {
  return new Date(at * 1000).toLocaleTimeString('en-GB');
}

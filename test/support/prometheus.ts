import { parser } from '@prometheus-io/lezer-promql';
import { exchange } from './http.ts';

/** A metric that a running program exposes, with the labels of its samples. */
export interface Exposed {
  readonly type: string;
  readonly help: string;
  readonly labels: Set<string>;
  /** The values of each label. */
  readonly values: Map<string, Set<string>>;
}

/** Parses the Prometheus text format. The keys are sample names. */
export function readExposition(text: string, into = new Map<string, Exposed>()): Map<string, Exposed> {
  const helps = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, kind, name = '', rest = ''] = /^# (HELP|TYPE) (\S+) (.*)$/.exec(line) ?? [];
    if (kind === 'HELP') helps.set(name, rest);
    else if (kind === 'TYPE') declare(into, name, { type: rest, help: helps.get(name) ?? '' });
    else if (line !== '' && !line.startsWith('#')) addSample(into, line);
  }
  return into;
}

function declare(into: Map<string, Exposed>, name: string, about: { type: string; help: string }): void {
  const names = about.type === 'histogram' ? ['_bucket', '_sum', '_count'].map((end) => name + end) : [name];
  for (const each of names)
    if (!into.has(each)) into.set(each, { ...about, labels: new Set(), values: new Map() });
}

function addSample(into: Map<string, Exposed>, line: string): void {
  const [, name = '', labels = ''] = /^([a-zA-Z_:][\w:]*)(?:\{(.*)\})? \S+$/.exec(line) ?? [];
  const metric = into.get(name);
  if (!metric) throw new Error(`not the text format of Prometheus: ${line}`);
  for (const [, label = '', value = ''] of labels.matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)) {
    metric.labels.add(label);
    metric.values.set(label, (metric.values.get(label) ?? new Set()).add(value));
  }
}

export async function scrape(adminUrl: string, token?: string): Promise<string> {
  const answer = await exchange(`${adminUrl}/metrics`, { token });
  if (answer.status !== 200) throw new Error(`/metrics returned ${answer.status}`);
  return answer.text;
}

export interface Selector {
  readonly metric: string;
  readonly matchers: readonly { readonly label: string; readonly value: string; readonly regex: boolean }[];
}

/** Returns the selectors and grouping labels of a PromQL expression. @throws Error if it is invalid. */
export function readPromQl(expression: string): { selectors: Selector[]; groupedBy: string[] } {
  const selectors: Selector[] = [];
  const groupedBy: string[] = [];
  const text = (node: { from: number; to: number }) => expression.slice(node.from, node.to);
  parser.parse(expression).iterate({
    enter(node) {
      if (node.type.isError) throw new Error(`not PromQL at ${node.from}: ${expression}`);
      if (node.name === 'GroupingLabels')
        for (const label of node.node.getChildren('LabelName')) groupedBy.push(text(label));
      if (node.name !== 'VectorSelector') return;
      const matchers = (node.node.getChild('LabelMatchers')?.getChildren('UnquotedLabelMatcher') ?? []).map(
        (matcher) => ({
          label: text(matcher.getChild('LabelName')!),
          value: text(matcher.getChild('StringLiteral')!).slice(1, -1),
          regex: ['EqlRegex', 'NeqRegex'].some(
            (name) => matcher.getChild('MatchOp')!.getChild(name) !== null,
          ),
        }),
      );
      selectors.push({ metric: text(node.node.getChild('Identifier')!), matchers });
    },
  });
  return { selectors, groupedBy };
}

/** What the supervisor tells of its processes, beside what they tell themselves. Their label is `process`. */
export const processMetricDefinitions = {
  tidemark_process_up: { kind: 'gauge', help: 'Whether the metrics of the process are in this answer.' },
  tidemark_process_restarts_total: {
    kind: 'counter',
    help: 'Times that the process has ended and was started again.',
  },
} as const;

export interface ProcessFigures {
  readonly process: string;
  readonly isUp: boolean;
  readonly restarts: number;
}

/** In Prometheus' text format. */
export function processMetrics(processes: readonly ProcessFigures[]): string {
  const values = {
    tidemark_process_up: ({ isUp }: ProcessFigures) => (isUp ? 1 : 0),
    tidemark_process_restarts_total: ({ restarts }: ProcessFigures) => restarts,
  };
  const names = Object.keys(processMetricDefinitions) as (keyof typeof processMetricDefinitions)[];
  return names
    .flatMap((name) => {
      const { kind, help } = processMetricDefinitions[name];
      const samples = processes.map((figures) => `${name}{process="${figures.process}"} ${values[name](figures)}`);
      return [`# HELP ${name} ${help}`, `# TYPE ${name} ${kind}`, ...samples];
    })
    .map((line) => `${line}\n`)
    .join('');
}

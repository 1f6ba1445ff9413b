import {
  DefaultLogger,
  Runtime,
  type LogEntry,
  type Logger,
  type LogLevel,
  type MetricsExporterConfig,
} from '@temporalio/worker';
import { TidemarkError } from '../core/errors';
import { say } from './output';

export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error'] as const;
export type LogLevelName = (typeof LOG_LEVELS)[number];

/** Parts of Temporal's SDK that tell of their own inner life. */
const SDK_COMPONENTS = ['worker', 'core'];

/** A logger that writes readable lines to stderr. What the SDK says of itself below a warning shows only at debug and trace. */
export function createLogger(level: LogLevelName): Logger {
  const isDetailed = level === 'trace' || level === 'debug';
  return new DefaultLogger(level.toUpperCase() as LogLevel, (entry) => {
    if (isDetailed || !isChatter(entry)) say(formatEntry(entry));
  });
}

function isChatter({ level, meta }: LogEntry): boolean {
  return level === 'INFO' && SDK_COMPONENTS.includes(String(meta?.sdkComponent));
}

/** `12:00:01 WARN  message (workflowId …, code …): text of the error`. Nothing else of what a message carries: it may be large. */
export function formatEntry({ level, timestampNanos, message, meta = {} }: LogEntry): string {
  const time = new Date(Number(timestampNanos / 1_000_000n)).toISOString().slice(11, 19);
  const facts = SHOWN.filter((name) => isWorthShowing(name, meta[name])).map((name) => `${name} ${String(meta[name])}`);
  const where = facts.length === 0 ? '' : ` (${facts.join(', ')})`;
  const error = meta.error instanceof Error ? `: ${meta.error.message}` : '';
  return `${time} ${level.padEnd(5)} ${message}${where}${error}`;
}

const SHOWN = ['workflowId', 'activityType', 'attempt', 'code', 'reason', 'from', 'to'];

function isWorthShowing(name: string, value: unknown): boolean {
  return value !== undefined && !(name === 'attempt' && value === 1);
}

/**
 * Gives Temporal's runtime our logger, and takes signals away from it: the command line says what is finishing, and lets a second
 * signal end the process. Before the first worker.
 */
export function installRuntime(level: LogLevelName, metrics?: MetricsExporterConfig): Logger {
  const logger = createLogger(level);
  const core = level === 'trace' || level === 'debug' ? 'INFO' : 'WARN';
  const logging = { forward: {}, filter: { core, other: 'ERROR' } } as const;
  const telemetryOptions = { logging, ...(metrics ? { metrics } : {}) };
  try {
    Runtime.install({ logger, shutdownSignals: [], telemetryOptions });
  } catch (cause) {
    if (!metrics) throw cause;
    const hint = cause instanceof Error ? cause.message : String(cause);
    throw new TidemarkError('INVALID_OPTION', 'Metrics cannot be exported', { cause, hint });
  }
  return logger;
}

import path from 'node:path';

import { renderCommands } from './commands-page';
import { renderErrors } from './errors-page';
import { renderOptions, type OptionSection } from './options-page';
import { readOptions } from './read-options';

const ROOT = path.resolve(__dirname, '../..');

/** Where options are documented in the source, and how the page presents them. */
const sources = [
  {
    title: 'Consumer options',
    introduction: 'Given to `defineConsumer`, beside the `handler`.',
    file: 'src/core/options.ts',
    interfaceName: 'ConsumerOptions',
  },
  {
    title: 'Failure options',
    introduction:
      'The option `onFailure` of a consumer. Times are in milliseconds. [When a record fails](failures.md) says how they work together, and how to choose.',
    file: 'src/core/failure-options.ts',
    interfaceName: 'FailureOptions',
  },
  {
    title: 'Fan-out options',
    introduction:
      'The option `fanOut` of a consumer. [Enhanced fan-out](fan-out.md) says when it pays, and how to clean up.',
    file: 'src/core/fan-out-options.ts',
    interfaceName: 'FanOutOptions',
  },
  {
    title: 'AWS options',
    introduction: 'The option `aws` of a consumer. Leave them out, and the AWS SDK finds everything by itself.',
    file: 'src/core/options.ts',
    interfaceName: 'AwsOptions',
  },
  {
    title: 'Options of eachRecord',
    introduction: 'The second argument of `eachRecord(handle, options)`.',
    file: 'src/handler/each-record.ts',
    interfaceName: 'EachRecordOptions',
  },
  {
    title: 'Worker options',
    introduction: 'The second argument of `createWorker(consumers, options)`.',
    file: 'src/worker/create-worker.ts',
    interfaceName: 'WorkerOptions',
  },
  {
    title: 'Metrics options',
    introduction: 'The option `metrics` of a worker. [Monitoring](monitoring.md) has the metrics themselves.',
    file: 'src/worker/telemetry.ts',
    interfaceName: 'MetricsOptions',
  },
  {
    title: 'Temporal options',
    introduction:
      'The option `temporal` of a worker, and the argument of `TidemarkClient.connect`. Leave them out, and Temporal’s standard configuration counts.',
    file: 'src/temporal/connect.ts',
    interfaceName: 'TemporalOptions',
  },
] as const;

export function optionSections(): OptionSection[] {
  return sources.map(({ title, introduction, file, interfaceName }) => ({
    title,
    introduction,
    options: readOptions(path.join(ROOT, file), interfaceName),
  }));
}

/** The generated pages, by their path in the project; not yet formatted. */
export function renderPages(): ReadonlyMap<string, string> {
  return new Map([
    ['docs/options.md', renderOptions(optionSections())],
    ['docs/errors.md', renderErrors()],
    ['docs/commands.md', renderCommands()],
  ]);
}

import { defaultFailureOptions } from '../core/failure-options';
import { defaultConsumerOptions, optionRanges } from '../core/option-values';
import { streamWorkflowId } from '../core/names';
import type { ResolvedOptions } from '../core/resolve-options';
import { describeRequestedStart } from '../core/start-position';
import type { ResolvedTemporal } from '../temporal/connect';
import { webUiLink } from './web-ui';

/** One look at what this process is going to do, and with which settings. Shows no credential. */
export function describeConsumer(
  options: ResolvedOptions,
  temporal: ResolvedTemporal,
  env: NodeJS.ProcessEnv = process.env,
): string {
  const workflowId = streamWorkflowId({ consumer: options.name, streamName: options.streamName });
  const rows: [string, string][] = [
    ['Consumer', options.name],
    [
      'Stream',
      `${options.streamArn ?? options.streamName}, from ${describeRequestedStart(options.start)} where it has no checkpoint`,
    ],
    ['Table', options.tableName],
    ['AWS', describeAws(options, env)],
    ['Temporal', `${temporal.connectionOptions.address}, namespace ${temporal.namespace}`],
    ['Workflow', workflowId],
    ['Web UI', webUiLink(temporal, workflowId) ?? `look for the workflow ${workflowId}`],
    ['Options', describeTuning(options)],
    ['Failures', describeFailurePolicy(options)],
  ];
  return rows.map(([name, value]) => `  ${name.padEnd(8)}  ${value}`).join('\n');
}

function describeAws({ aws, region }: ResolvedOptions, env: NodeJS.ProcessEnv): string {
  const everywhere = env.AWS_ENDPOINT_URL;
  const parts = [
    `region ${aws.region ?? region ?? env.AWS_REGION ?? 'as the AWS SDK finds it'}`,
    endpoint('Kinesis', aws.kinesisEndpoint ?? env.AWS_ENDPOINT_URL_KINESIS ?? everywhere),
    endpoint('DynamoDB', aws.dynamodbEndpoint ?? env.AWS_ENDPOINT_URL_DYNAMODB ?? everywhere),
    aws.credentials ? 'credentials from the consumer file' : undefined,
  ];
  return parts.filter((part) => part !== undefined).join(', ');
}

function endpoint(service: string, url: string | undefined): string | undefined {
  if (!url || !URL.canParse(url)) return undefined;
  // Its own parts only: a user name and a password may stand before the host.
  const { protocol, host } = new URL(url);
  return `${service} at ${protocol}//${host}`;
}

/** Every setting, those that differ from the default marked. */
function describeTuning(options: ResolvedOptions): string {
  const tuning = Object.keys(optionRanges) as (keyof typeof optionRanges)[];
  const parts = [...tuning, 'errorDetail' as const, 'isolation' as const].map((name) =>
    describeSetting(name, options[name], defaultConsumerOptions[name]),
  );
  return parts.join(', ');
}

function describeFailurePolicy({ onFailure }: ResolvedOptions): string {
  const names = Object.keys(onFailure) as (keyof typeof onFailure)[];
  const defaults: Partial<Record<string, string | number>> = defaultFailureOptions;
  return names.map((name) => describeSetting(name, onFailure[name], defaults[name])).join(', ');
}

function describeSetting(name: string, value: string | number | undefined, byDefault: string | number | undefined) {
  return `${name} ${value}${value === byDefault ? '' : ' (set)'}`;
}

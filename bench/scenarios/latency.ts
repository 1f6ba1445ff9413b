import { setTimeout as sleep } from 'node:timers/promises';
import { startScriptedKinesis, type ScriptedKinesis } from '../../test/support/scripted-kinesis';
import { defaultConsumerOptions } from '../../src/core/option-values';
import { eventually } from '../../test/support/eventually';
import { quantile } from '../measure/statistics';
import { resultOf, type Result, type Run } from '../measure/result';
import type { BenchContext } from './bench-context';
import { shardHistories } from './histories';
import { startWorker } from './tidemark-run';

const STREAM = 'bench';
const SHARDS = 4;
const RECORDS_PER_SECOND = 100;
const RECORD_BYTES = 1_024;
const WARM_UP_MS = 5_000;
const MAX_MEASURED_MS = 60_000;

/** Put to handler at 100 records/s over 4 shards, with default options, and with other poll intervals. */
export async function latency(context: BenchContext): Promise<Result[]> {
  const parameters = { recordsPerSecond: RECORDS_PER_SECOND, shards: SHARDS, recordBytes: RECORD_BYTES };
  const results: Result[] = [];
  for (const pollIntervalMs of [defaultConsumerOptions.pollIntervalMs, 200, 1_000]) {
    const run = await measure(context, pollIntervalMs);
    results.push(resultOf({ bench: 'latency', subject: `pollIntervalMs ${pollIntervalMs}`, parameters }, [run]));
  }
  return results;
}

async function measure(context: BenchContext, pollIntervalMs: number): Promise<Run> {
  const kinesis = await startScriptedKinesis();
  kinesis.createStream(STREAM, SHARDS);
  const consumer = context.newConsumer({ kinesis: kinesis.endpoint }, { pollIntervalMs });
  const worker = await startWorker(context, { consumer, isTimed: true });
  try {
    await context.startConsumer(consumer);
    await eventually(() => kinesis.requests.count('GetRecords') >= 3 * SHARDS, {
      timeoutMs: 30_000,
      what: 'polling of all shards',
    });
    await putPaced(kinesis, WARM_UP_MS);
    const before = await worker.sample();
    const pollsBefore = kinesis.requests.count('GetRecords');
    const measuredMs = Math.min(context.sizes.seconds * 1_000, MAX_MEASURED_MS);
    await putPaced(kinesis, measuredMs);
    const polls = kinesis.requests.count('GetRecords') - pollsBefore;
    const { latenciesMs, cpuMs, records, commits } = await worker.sample();
    const histories = await shardHistories(context.temporal, consumer);
    const perMillion = 1e6 / (records - before.records);
    return {
      p50Ms: quantile(latenciesMs, 0.5),
      p90Ms: quantile(latenciesMs, 0.9),
      p99Ms: quantile(latenciesMs, 0.99),
      maxMs: latenciesMs.reduce((max, value) => Math.max(max, value), 0),
      measuredRecords: latenciesMs.length,
      workerPercentOfCore: ((cpuMs - before.cpuMs) / measuredMs) * 100,
      getRecordsPerShardSecond: polls / SHARDS / (measuredMs / 1_000),
      recordsPerBatch: (records - before.records) / (commits - before.commits),
      dynamodbWritesPerMillionRecords: (commits - before.commits) * perMillion,
      historyEventsPerMillionRecords: (histories.reduce((sum, { events }) => sum + events, 0) / records) * 1e6,
    };
  } finally {
    await context.stopConsumer(consumer);
    await worker.stop();
    await kinesis.close();
  }
}

/** Puts at an even pace; a late timer is made up for. */
async function putPaced(kinesis: ScriptedKinesis, durationMs: number): Promise<void> {
  const startedAtMs = performance.now();
  const total = (durationMs / 1_000) * RECORDS_PER_SECOND;
  for (let put = 0; put < total; put += 1) {
    const waitMs = startedAtMs + (put * 1_000) / RECORDS_PER_SECOND - performance.now();
    if (waitMs > 0) await sleep(waitMs);
    const payload = { putNs: String(process.hrtime.bigint()), padding: 'x'.repeat(RECORD_BYTES - 50) };
    kinesis.put(STREAM, `key-${put % 997}`, JSON.stringify(payload));
  }
}

import type { StreamStatus } from './shard-work';

/** Current details of a stream workflow in Temporal's Web UI, Markdown. */
export function describeStream({ stream, stopping, pause, lastSync, lastError }: StreamStatus): string {
  const rows = [
    `- **Stream**: \`${stream.streamArn}\`, created ${new Date(stream.createdAtMs).toISOString()}`,
    `- **State**: ${stopping ? 'stopping' : pause ? `paused by ${pause.by}` : 'following'}`,
  ];
  if (lastSync) {
    const { listed, running, waiting, finished, expiredCount, expired, atMs } = lastSync;
    rows.push(
      `- **Shards**: ${listed} listed, ${running} being read, ${waiting} waiting for their parents, ${finished} finished`,
    );
    if (expiredCount > 0)
      rows.push(`- **Taken by retention before they were finished**: ${expiredCount} (${expired.join(', ')})`);
    rows.push(`- **Last listing**: ${new Date(atMs).toISOString()}`);
  }
  if (lastError) rows.push(`- **Last error**: \`${lastError.code}\` ${lastError.message}`);
  return rows.join('\n');
}

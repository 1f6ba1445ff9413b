/** Entry of the workflow bundle. A worker of your own re-exports these beside its own workflows. */
export { tidemarkRedrive } from './redrive-workflow';
export { tidemarkReplay } from './replay-workflow';
export { tidemarkShard } from './shard-workflow';
export { tidemarkStream } from './stream-workflow';

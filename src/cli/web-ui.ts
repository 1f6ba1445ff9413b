import type { ResolvedTemporal } from '../temporal/connect';

/** Where a workflow is seen in Temporal's Web UI; undefined where the address of the server does not tell. */
export function webUiLink(temporal: ResolvedTemporal, workflowId: string): string | undefined {
  const base = webUiBase(temporal.connectionOptions.address);
  return (
    base && `${base}/namespaces/${encodeURIComponent(temporal.namespace)}/workflows/${encodeURIComponent(workflowId)}`
  );
}

function webUiBase(address: string): string | undefined {
  if (/\.(tmprl\.cloud|temporal\.io)(:\d+)?$/.test(address)) return 'https://cloud.temporal.io';
  // `temporal server start-dev` has its UI there.
  return /^(127\.0\.0\.1|localhost|\[::1\]):7233$/.test(address) ? 'http://localhost:8233' : undefined;
}

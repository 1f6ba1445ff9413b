import type { Client } from '@temporalio/client';
import { searchAttributeNames } from '../core/names';

/** Whether the namespace has all of Tidemark's search attributes. Where it does not say, they are left out: they are optional. */
export async function hasSearchAttributes(client: Client): Promise<boolean> {
  try {
    const { customAttributes } = await client.connection.operatorService.listSearchAttributes({
      namespace: client.options.namespace,
    });
    return Object.values(searchAttributeNames).every((name) => name in (customAttributes ?? {}));
  } catch {
    return false;
  }
}

import type { Client } from '@temporalio/client';
import type { Payload } from '@temporalio/common';

/** The value of a payload that Temporal gave as it stores it: through the client's codecs, then its converter. */
export async function decodePayload<T>(client: Client, payload: Payload | undefined): Promise<T | undefined> {
  if (payload === undefined) return undefined;
  const { payloadCodecs, payloadConverter } = client.options.loadedDataConverter;
  let decoded: Payload | undefined = payload;
  for (const codec of [...payloadCodecs].reverse()) [decoded] = decoded ? await codec.decode([decoded]) : [];
  return decoded && payloadConverter.fromPayload<T>(decoded);
}

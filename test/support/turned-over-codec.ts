/** Payload codecs for tests, as a module that the command line loads. */
import type { Payload, PayloadCodec } from '@temporalio/common';

export const ENCODING = 'binary/turned-over';

/** No encryption, but nothing that can be read either. */
export const codec: PayloadCodec = {
  encode: async (payloads) => payloads.map(turnedOver),
  decode: async (payloads) => payloads.map(turnedBack),
};

function turnedOver({ metadata, data }: Payload): Payload {
  const inner = Buffer.from(metadata?.encoding ?? []).toString();
  const bytes = Buffer.from(data ?? []).map((byte) => byte ^ 0xff);
  return { metadata: { ...metadata, encoding: Buffer.from(ENCODING), inner: Buffer.from(inner) }, data: bytes };
}

function turnedBack(payload: Payload): Payload {
  const { metadata = {}, data } = payload;
  if (Buffer.from(metadata?.encoding ?? []).toString() !== ENCODING) return payload;
  const encoding = metadata?.inner ?? new Uint8Array();
  return { metadata: { ...metadata, encoding }, data: Buffer.from(data ?? []).map((byte) => byte ^ 0xff) };
}

export const payloadCodecs = [codec];

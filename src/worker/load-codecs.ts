import { join } from 'node:path';
import type { PayloadCodec } from '@temporalio/common';
import { createJiti } from 'jiti';
import { TidemarkError } from '../core/errors';

/**
 * The payload codecs of a module: its export `payloadCodecs`, one or an array of them. The module is a path, relative to the working
 * directory, or a package. Loading runs it; TypeScript needs no build.
 * @throws `INVALID_OPTION`
 */
export async function loadCodecs(module: string): Promise<PayloadCodec[]> {
  const exported = payloadCodecsOf(await load(module));
  const codecs: unknown[] = Array.isArray(exported) ? exported : [exported];
  if (codecs.length > 0 && codecs.every(isCodec)) return codecs;
  throw invalid(`The module ${module} does not export \`payloadCodecs\``, {
    hint: 'Export one, or an array of them: objects with the functions `encode` and `decode` (PayloadCodec of @temporalio/common).',
  });
}

async function load(module: string): Promise<unknown> {
  const from = join(process.cwd(), 'module.js');
  try {
    return await createJiti(from, { fsCache: false, interopDefault: false, tsconfigPaths: true }).import(module);
  } catch (error) {
    const [what = ''] = (error instanceof Error ? error.message : String(error)).split('\nRequire stack:');
    const text = what.replace(/\s+/g, ' ').trim();
    throw invalid(`The payload codecs of ${module} cannot be loaded: ${text}`, {
      hint: 'Name a file by a path such as ./codec.ts, or a package that is installed.',
      cause: error,
    });
  }
}

/** A CommonJS module may have it one level deeper. */
function payloadCodecsOf(module: unknown): unknown {
  const { payloadCodecs, default: deeper } = (module ?? {}) as { payloadCodecs?: unknown; default?: unknown };
  return payloadCodecs ?? (deeper as { payloadCodecs?: unknown } | undefined)?.payloadCodecs;
}

function isCodec(value: unknown): value is PayloadCodec {
  const { encode, decode } = (value ?? {}) as Partial<Record<keyof PayloadCodec, unknown>>;
  return typeof encode === 'function' && typeof decode === 'function';
}

function invalid(what: string, more: { readonly hint: string; readonly cause?: unknown }): TidemarkError {
  return new TidemarkError('INVALID_OPTION', what, more);
}

import { isGrpcServiceError } from '@temporalio/client';

/** Codes of gRPC that Temporal answers with. */
export const GRPC = { DEADLINE_EXCEEDED: 4, RESOURCE_EXHAUSTED: 8, FAILED_PRECONDITION: 9 };

const MAX_CHARACTERS = 300;

/** Code and words of Temporal's answer, which its client wraps; of another error neither. The words are a line: a failure's text may be in them. */
export function refusalOf(error: unknown): { readonly code?: number; readonly words?: string } {
  const cause = error instanceof Error ? error.cause : undefined;
  const refusal = [error, cause].find(isGrpcServiceError);
  if (refusal === undefined) return {};
  return { code: refusal.code, words: refusal.details.replace(/[\p{Cc}\s]+/gu, ' ').slice(0, MAX_CHARACTERS) };
}

import { errorCodes, type ErrorCode } from '../../src/core/errors';
import { endsWorkflow } from '../../src/core/terminal-codes';

const HEAD = `<!-- Generated from src/core/errors.ts by \`npm run docs:generate\`. Change the source, not this page. -->

# Errors

Every error of Tidemark is a \`TidemarkError\` with a \`code\`. The code never changes: match on it, never on the message. In Temporal
it is the type of the failure. A message says what happened, where, and what to do.

- **Passes by itself**: the same call may succeed later without anybody doing anything.
- **Ends the workflow**: the stream or the shard that the workflow reads is no more. Every other error inside a workflow is waited out:
  the activity is tried again, with growing pauses, until it succeeds or you stop the consumer.
`;

/** The page of all error codes, Markdown. */
export function renderErrors(): string {
  const codes = Object.keys(errorCodes) as ErrorCode[];
  const rows = codes.map((code) => {
    const { retryable, hint } = errorCodes[code];
    return `| \`${code}\` | ${retryable ? 'yes' : 'no'} | ${endsWorkflow(code) ? 'yes' : 'no'} | ${hint} |`;
  });
  return [
    HEAD,
    '| Code | Passes by itself | Ends the workflow | What to do |',
    '| --- | --- | --- | --- |',
    ...rows,
    '',
  ].join('\n');
}

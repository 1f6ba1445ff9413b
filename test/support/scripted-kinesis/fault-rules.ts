import type { JsonObject, JsonRequest } from './json-request';

/**
 * What happens to a matching request. Fields may be combined; they apply in this order: `delayMs`, then one of
 * `dropRequest` | `hang` | `error` (the operation is then not executed), `rewriteRequest`, execution, `replayAfterMs`, `rewrite`,
 * `delayReplyMs`, then one of `dropReply` | `truncateReply`.
 */
export interface FaultAction {
  /** Waits before anything else. */
  delayMs?: number;
  /** The connection is destroyed before execution. */
  dropRequest?: boolean;
  /** Neither executes nor answers; the connection stays open until close(). */
  hang?: boolean;
  /** AWS error type answered in place of execution. */
  error?: string;
  /** HTTP status of `error`; default: AWS's own for that type. */
  status?: number;
  message?: string;
  /** Changes the JSON body of the request before it is executed. */
  rewriteRequest?: (body: JsonObject) => JsonObject;
  /** Fault proxy only: the same bytes reach the upstream once more this much later; that answer is discarded. */
  replayAfterMs?: number;
  /** Changes the JSON body of the answer. */
  rewrite?: (response: JsonObject, request: JsonRequest) => JsonObject;
  /** Executed at once, answered later. */
  delayReplyMs?: number;
  /** Executed; the connection is destroyed in place of an answer. */
  dropReply?: boolean;
  /** Executed; the connection is destroyed half-way through the body. */
  truncateReply?: boolean;
}

export interface FaultRule {
  /** Operation name such as `GetRecords`; without it every operation matches. */
  operation?: string;
  when?: (request: JsonRequest) => boolean;
  /** How often the rule applies; default: without end. */
  times?: number;
  action: FaultAction;
}

/** A rule in force. `hits` tells whether the fault really happened: a test that passes with 0 hits proved nothing. */
export interface FaultHandle {
  readonly hits: number;
  remove(): void;
}

interface ActiveRule extends FaultRule {
  hits: number;
}

/** Ordered rules; the first one that matches and is not used up decides. */
export class FaultRules {
  private rules: ActiveRule[] = [];

  add(rule: FaultRule): FaultHandle {
    const active: ActiveRule = { ...rule, hits: 0 };
    this.rules.push(active);
    const remove = (): void => {
      this.rules = this.rules.filter((other) => other !== active);
    };
    return {
      get hits() {
        return active.hits;
      },
      remove,
    };
  }

  clear(): void {
    this.rules = [];
  }

  /** The action for this request, counted as one hit of its rule. */
  take(request: JsonRequest): FaultAction | undefined {
    const rule = this.rules.find((candidate) => matches(candidate, request));
    if (rule === undefined) return undefined;
    rule.hits += 1;
    return rule.action;
  }
}

function matches(rule: ActiveRule, request: JsonRequest): boolean {
  if (rule.times !== undefined && rule.hits >= rule.times) return false;
  if (rule.operation !== undefined && rule.operation !== request.operation) return false;
  return rule.when?.(request) ?? true;
}

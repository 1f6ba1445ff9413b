import type { CheckpointWrite, Effect, WriteAnswer } from '../../../src/checkpoints/checkpoint-store';
import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import type { CheckpointRow } from '../../../src/core/checkpoint';
import { checkpointKey } from '../../../src/core/names';
import { SHARD } from './fixture';
import type { Ledger, ObservedWrite } from './ledger';

const key = checkpointKey(SHARD).pk;

type Sender = Pick<ObservedWrite, 'kind' | 'by' | 'isTouch'>;

/** The checkpoint row in the in-memory store, with a ledger that sees every executed write and an adversary's access. */
export class SimulatedTable {
  /** Every row there ever was, oldest first. */
  readonly past: CheckpointRow[] = [];
  private readonly memory = new MemoryCheckpointStore();
  private generations = 0;

  /** So many transactions are refused because of their effects. */
  refusals = 0;

  constructor(private readonly ledger: Ledger) {
    this.memory.applyEffects = (effects) => {
      if (this.refusals > 0) {
        this.refusals -= 1;
        return { kind: 'effectsRefused', code: 'EFFECT_REFUSED', message: 'a condition does not hold' };
      }
      this.applyApart(effects);
      return undefined;
    };
  }

  applyApart(effects: readonly Effect[]): void {
    for (const { Put } of effects) this.ledger.applied(Put?.Item?.pk?.S ?? '', Put?.Item?.kind?.S ?? '');
  }

  get row(): CheckpointRow | undefined {
    return this.memory.rows.get(key);
  }

  read(): Promise<CheckpointRow | undefined> {
    return this.memory.read(SHARD);
  }

  write(sender: Sender, write: CheckpointWrite): Promise<WriteAnswer> {
    const before = this.row;
    const answer = this.memory.write(write);
    const after = this.row;
    if (after === undefined || after === before) return answer;
    this.past.push(after);
    const believedToken = 'token' in write.condition ? write.condition.token : undefined;
    this.ledger.wrote({ ...sender, believedToken, before, after });
    return answer;
  }

  /** Under a condition of the caller's own: the ledger still sees which row the writer believed in. */
  async writeLoosely(
    sender: Sender,
    write: CheckpointWrite,
    holds: (row: CheckpointRow | undefined) => boolean,
  ): Promise<WriteAnswer> {
    const before = this.row;
    if (!holds(before)) return before ? { kind: 'refused', row: before } : { kind: 'refused' };
    // A commit updates the position and leaves the generation alone.
    const kept = sender.kind === 'commit' && before ? { generation: before.generation, rewindId: before.rewindId } : {};
    await this.memory.write({
      ...write,
      next: { ...write.next, ...kept },
      condition: before ? { token: before.token } : { absent: true },
    });
    const after = this.row;
    if (after === undefined) throw new Error('Written, but no row');
    this.past.push(after);
    const believedToken = 'token' in write.condition ? write.condition.token : undefined;
    this.ledger.wrote({ ...sender, believedToken, before, after });
    return { kind: 'written' };
  }

  delete(): void {
    this.memory.rows.delete(key);
    this.ledger.changedByAdversary(undefined, 'row deleted');
  }

  restore(row: CheckpointRow): void {
    this.memory.rows.set(key, row);
    this.ledger.changedByAdversary(row, 'table restored');
  }

  /** What an applied rewind leaves behind: a larger generation, its id, another token. */
  rewind(position: CheckpointRow['position']): void {
    const { row } = this;
    if (row === undefined) return;
    this.generations += 1;
    const { generations: generation } = this;
    this.ledger.startGeneration(generation, position);
    const rewound: CheckpointRow = {
      ...row,
      position,
      generation,
      rewindId: `rewind-${generation}`,
      token: this.tokenOf(row),
      revision: row.revision + 1,
    };
    this.memory.rows.set(key, rewound);
    this.past.push(rewound);
    this.ledger.changedByAdversary(rewound, 'row rewound');
  }

  /** A variant whose tokens are revisions gets the next one; tokens are otherwise random. */
  private tokenOf(row: CheckpointRow): string {
    return row.token === String(row.revision) ? String(row.revision + 1) : `rewind-token-${this.generations}`;
  }
}

import { MemoryCheckpointStore } from '../../../src/checkpoints/memory-store';
import { describeCheckpointStore } from '../../support/checkpoint-store.contract';

describeCheckpointStore('MemoryCheckpointStore', () => new MemoryCheckpointStore());

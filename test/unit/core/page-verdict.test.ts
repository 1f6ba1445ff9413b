import { judgePage, type PageShape } from '../../../src/core/page-verdict';

const child = { parentShardIds: ['p'] };
const orphan = { parentShardIds: [] };

describe('judgePage', () => {
  it.each<[string, PageShape, string]>([
    ['an iterator and no children: more', { nextIterator: 'i', childShards: [] }, 'more'],
    ['no iterator and children: the end', { childShards: [child, child] }, 'end'],
    ['no iterator and no children: to be confirmed (case 6)', { childShards: [] }, 'confirmEnd'],
    ['an iterator and children: invalid (case 7)', { nextIterator: 'i', childShards: [child] }, 'invalid'],
    ['a child without parents: invalid (case 7)', { childShards: [child, orphan] }, 'invalid'],
    ['an empty iterator is an iterator', { nextIterator: '', childShards: [] }, 'more'],
  ])('%s', (_, page, verdict) => expect(judgePage(page)).toBe(verdict));
});

import path from 'node:path';

export const PROJECT_ROOT = path.resolve(__dirname, '../..');
/** Everything the stack downloads or logs; ignored by git, safe to delete while no stack runs. */
export const CACHE_DIR = path.join(PROJECT_ROOT, '.cache');

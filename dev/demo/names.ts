import { ADDRESS_VARIABLES } from '../stack/stack-env';

/** Servers that the environment gives may hold earlier runs, and others use them: there each run has names of its own. */
export const IS_SHARED = Object.values(ADDRESS_VARIABLES).some((variable) => process.env[variable]);

export const STREAM = process.env.DEMO_STREAM ?? (IS_SHARED ? `flights-${Date.now()}` : 'flights');
export const DELAYS_TABLE = `${STREAM}-delays`;

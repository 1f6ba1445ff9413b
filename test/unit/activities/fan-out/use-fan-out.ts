/** Imported first: the tests that follow read by enhanced fan-out. */
process.env.TIDEMARK_TEST_SOURCE = 'fanOut';

export {};

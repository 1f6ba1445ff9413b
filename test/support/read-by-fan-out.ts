process.env.TIDEMARK_TEST_FAN_OUT = '1';

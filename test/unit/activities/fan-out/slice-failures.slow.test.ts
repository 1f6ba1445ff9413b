import './use-fan-out';
import '../slice-failures.test';

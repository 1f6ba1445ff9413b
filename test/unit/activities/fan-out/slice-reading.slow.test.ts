import './use-fan-out';
import '../slice-reading.test';

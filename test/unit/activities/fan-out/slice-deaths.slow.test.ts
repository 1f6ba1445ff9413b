import './use-fan-out';
import '../slice-deaths.test';

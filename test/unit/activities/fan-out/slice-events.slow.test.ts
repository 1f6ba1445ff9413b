import './use-fan-out';
import '../slice-events.test';

import './use-fan-out';
import '../slice-parked-keys.test';

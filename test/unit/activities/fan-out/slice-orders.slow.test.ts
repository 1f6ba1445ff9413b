import './use-fan-out';
import '../slice-orders.test';

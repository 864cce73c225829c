import { describeRecordedSteps } from '../../support/recorded-steps.js';

describeRecordedSteps('one-layer', ['oneLayer']);

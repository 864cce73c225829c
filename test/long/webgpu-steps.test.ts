import { describeRecordedSteps } from '../stages/support/recorded-steps.js';

describeRecordedSteps('architectures', ['deepvision', 'restorer']);

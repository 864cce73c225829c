/** All signals that end a process by default: without a handler, pipe could not end its stages. */
export const INTERRUPTS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGXCPU', 'SIGALRM', 'SIGUSR2'] as const;
